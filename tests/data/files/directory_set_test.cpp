#include "data/files/directory_set.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::DirectorySet;

namespace {

DirectorySet set_of(const ScratchDirectory& scratch) {
  return {scratch.path(), data::list_files(scratch.path(), std::nullopt)};
}

std::string contents(const DirectorySet& set, std::int64_t i) {
  std::vector<std::byte> buffer(1);
  const auto bytes = set.read(i, buffer);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string failure(const DirectorySet& set, std::int64_t i) {
  return message_of<engine::DataError>([&] { contents(set, i); });
}

}  // namespace

TEST_CASE("directory set: reads the files that were listed") {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "d");
  write_plain(scratch / "d/b.jpg", std::string(100000, 'x'));
  write_plain(scratch / "a.jpg", "");
  const DirectorySet set = set_of(scratch);
  REQUIRE(set.size() == 2);
  CHECK(set.name(1) == "d/b.jpg");
  CHECK(set.locate(1) == (scratch / "d/b.jpg").string());
  CHECK(contents(set, 0).empty());
  CHECK(contents(set, 1) == std::string(100000, 'x'));
}

TEST_CASE("directory set: names are joined as paths are") {
  data::FileList files;
  for (const char* name : {"a.jpg", "d/b.jpg", "/elsewhere/c.jpg"}) files.add(name, 0);
  for (const std::filesystem::path directory : {"/data", "data/", "/", ".", ""}) {
    const DirectorySet set(directory, files);
    for (std::int64_t i = 0; i < files.size(); ++i) CHECK(set.locate(i) == (directory / files.name(i)).string());
  }
}

TEST_CASE("directory set: a file that vanished, grows or is none any more") {
  const ScratchDirectory scratch;
  for (const char* name : {"gone", "pipe"}) write_plain(scratch / name, "123");
  std::filesystem::create_symlink("/proc/self/status", scratch / "grows");  // its size is 0, but it has contents
  std::filesystem::create_symlink("nowhere", scratch / "leads");
  const DirectorySet set = set_of(scratch);
  std::filesystem::remove(scratch / "gone");
  std::filesystem::remove(scratch / "pipe");
  REQUIRE(mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  REQUIRE(set.size() == 4);
  const std::string beginning = "cannot read " + scratch.path().string() + "/";
  CHECK(failure(set, 0) == beginning + "gone: No such file or directory");
  CHECK(failure(set, 1) == beginning + "grows: it grew while it was read");
  CHECK(failure(set, 2) == beginning + "leads: No such file or directory");
  CHECK(failure(set, 3) == beginning + "pipe: it is not a regular file any more");
}
