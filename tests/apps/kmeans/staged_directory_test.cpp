#include "apps/kmeans/staged_directory.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::StagedDirectory;

namespace {

using Strings = std::vector<std::string>;

/// The sorted names in a directory.
Strings names(const std::filesystem::path& directory) {
  Strings found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

constexpr char kMark[] = "mark.json";

void store(const std::filesystem::path& directory, const std::string& text) {
  StagedDirectory staged(directory, kMark);
  engine::atomic_write_file(staged.path() / kMark, text);
  engine::atomic_write_file(staged.path() / text, "");
  staged.commit();
}

}  // namespace

TEST_CASE("staged directory: results appear whole, and replace earlier ones whole") {
  const ScratchDirectory scratch;
  const auto directory = scratch / "a/results";
  {
    StagedDirectory staged(directory, kMark);
    engine::atomic_write_file(staged.path() / kMark, "");
    CHECK_FALSE(std::filesystem::exists(directory));
  }
  CHECK(names(scratch / "a").empty());  // not committed
  store(directory, "one");
  CHECK(names(directory) == Strings{kMark, "one"});
  {
    const StagedDirectory staged(directory, kMark);
    CHECK(engine::read_file(directory / kMark) == "one");
  }
  store(scratch / "a/results/", "two");
  CHECK(names(directory) == Strings{kMark, "two"});
  CHECK(names(scratch / "a") == Strings{"results"});
}

TEST_CASE("staged directory: other contents are never lost, an empty directory is taken") {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "empty");
  store(scratch / "empty", "one");
  CHECK(names(scratch / "empty") == Strings{kMark, "one"});

  std::filesystem::create_directory(scratch / "other");
  engine::atomic_write_file(scratch / "other/thesis.tex", "");
  CHECK(message_of<engine::Error>([&] { store(scratch / "other", "one"); }) ==
        (scratch / "other").string() +
            " has other contents than earlier results (no mark.json), which would be lost; give --out DIR to store the "
            "results elsewhere");
  CHECK(names(scratch / "other") == Strings{"thesis.tex"});
  engine::atomic_write_file(scratch / "file", "");
  CHECK(message_of<engine::Error>([&] {
          store(scratch / "file", "one");
        }).ends_with(" is no directory; give --out DIR to store the results elsewhere"));
}

TEST_CASE("staged directory: what killed processes left is removed, what others write is not") {
  const ScratchDirectory scratch;
  const auto left = scratch / "results.99999999.tmp", other = scratch / "results.tmp";
  std::filesystem::create_directory(left);
  std::filesystem::create_directory(other);
  engine::atomic_write_file(left / "half", "");
  const StagedDirectory first(scratch / "results", kMark);
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(std::filesystem::exists(other));
  // Its own lock says that it is in use.
  CHECK_THROWS_AS(StagedDirectory(scratch / "results", kMark), engine::Error);
  CHECK(std::filesystem::exists(first.path() / "lock"));
}
