#include "apps/lineval/result_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::ResultStore;
using engine::read_file;

namespace {

namespace fs = std::filesystem;

const std::vector<fs::path> kNames{"lineval.json", "knn.json", "linear_head.safetensors"};

/// Writes three files into a directory that contain the name of an evaluation.
void write_trio(const fs::path& directory, const std::string& evaluation) {
  for (const fs::path& name : kNames) engine::atomic_write_file(directory / name, evaluation);
}

void store(const fs::path& directory, const std::string& evaluation) {
  ResultStore(directory, 1000).store([&](const fs::path& where) { write_trio(where, evaluation); });
}

/// The evaluation whose files have this number (0: the newest); all three files must agree.
std::string trio(const fs::path& directory, int number) {
  std::set<std::string> said;
  for (const fs::path& name : kNames) {
    const std::string after =
        number == 0 ? name.extension().string() : engine::concat('.', number, name.extension().string());
    said.insert(read_file(directory / (name.stem().string() + after)));
  }
  CHECK(said.size() == 1);
  return *said.begin();
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("result store: the newest evaluation has the plain names, earlier ones a number each") {
  const ScratchDirectory scratch;
  const fs::path eval = scratch / "run/eval";
  for (const char* evaluation : {"first", "second", "third"}) store(eval, evaluation);
  CHECK(trio(eval, 0) == "third");
  CHECK(trio(eval, 1) == "first");
  CHECK(trio(eval, 2) == "second");
  CHECK(entries(eval) == 9 + 1);  // 9 files and the lock
}

TEST_CASE("result store: a number is new to all three files") {
  const ScratchDirectory scratch;
  write_trio(scratch.path(), "first");
  write_plain(scratch / "knn.7.json", "alone");
  write_plain(scratch / "linear_head.99.txt", "none of ours");
  store(scratch.path(), "second");
  CHECK(trio(scratch.path(), 0) == "second");
  CHECK(trio(scratch.path(), 8) == "first");
  CHECK(read_file(scratch / "knn.7.json") == "alone");
}

TEST_CASE("result store: evaluations that end at one moment lose nothing") {
  const ScratchDirectory scratch;
  constexpr int kThreads = 6, kEach = 4;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) store(scratch / "eval", std::to_string(t * kEach + i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> found;
  for (int number = 0; number < kThreads * kEach; ++number) found.insert(trio(scratch / "eval", number));
  CHECK(found.size() == kThreads * kEach);
  CHECK(entries(scratch / "eval") == 3 * kThreads * kEach + 1);
}

TEST_CASE("result store: killed between any two of its renames, an evaluation counts and stays together") {
  for (int renames = 0; renames <= 6; ++renames) {
    CAPTURE(renames);
    const ScratchDirectory scratch;
    const fs::path eval = scratch.path(), whole = eval / "new.1";
    write_trio(eval, "first");
    fs::create_directory(whole);
    write_trio(whole, "second");
    for (int done = 0; done < renames; ++done) {  // the same renames as in the store
      const fs::path& name = kNames[static_cast<std::size_t>(done / 2)];
      if (done % 2 == 0) {
        fs::rename(eval / name, eval / (name.stem().string() + ".1" + name.extension().string()));
      } else {
        fs::rename(whole / name, eval / name);
      }
    }
    store(eval, "third");
    CHECK(trio(eval, 0) == "third");
    CHECK(trio(eval, 1) == "first");
    CHECK(trio(eval, 2) == "second");
    CHECK(entries(eval) == 9 + 1);
  }
}

TEST_CASE("result store: what killed evaluations left half written is cleared") {
  const ScratchDirectory scratch;
  write_trio(scratch.path(), "first");
  fs::create_directory(scratch / "new.tmp");
  write_plain(scratch / "new.tmp/knn.json", "half");
  write_plain(scratch / "lineval.json.tmp", "half");
  write_plain(scratch / "room.123.tmp", "");
  store(scratch.path(), "second");
  CHECK(trio(scratch.path(), 0) == "second");
  CHECK(trio(scratch.path(), 1) == "first");
  CHECK(entries(scratch.path()) == 6 + 1);
}

TEST_CASE("result store: files of others in the directory stay, whatever they are called") {
  const ScratchDirectory scratch;
  for (const char* theirs : {"mine.tmp", "room.key.tmp", "work.tmp/notes", "new.7/notes"}) {
    fs::create_directories((scratch / theirs).parent_path());
    write_plain(scratch / theirs, "theirs");
  }
  store(scratch.path(), "first");
  for (const char* theirs : {"mine.tmp", "room.key.tmp", "work.tmp/notes", "new.7/notes"}) {
    CAPTURE(theirs);
    CHECK(fs::exists(scratch / theirs));
  }
  CHECK(trio(scratch.path(), 0) == "first");
  fs::rename(scratch / "work.tmp", scratch / "new.tmp");
  const std::string message = message_of<engine::Error>([&] { store(scratch.path(), "second"); });
  CHECK(message.ends_with("new.tmp exists and was not written by lineval; rename it"));
  CHECK(fs::exists(scratch / "new.tmp/notes"));
}

TEST_CASE("result store: what fails leaves the earlier results, and no directory where there was none") {
  const ScratchDirectory scratch;
  store(scratch / "eval", "first");
  const auto fails = [&](const fs::path& directory) {
    ResultStore(directory, 1000).store([&](const fs::path& where) {
      write_plain(where / "knn.json", "half");
      throw engine::Error("a full disk");
    });
  };
  CHECK(message_of<engine::Error>([&] { fails(scratch / "eval"); }) ==
        "the results were not stored in " + (scratch / "eval").string() + ": a full disk");
  CHECK(trio(scratch / "eval", 0) == "first");
  CHECK(entries(scratch / "eval") == 3 + 1);
  { const ResultStore unused(scratch / "a/b/eval", 1000); }
  CHECK_FALSE(fs::exists(scratch / "a"));
  { const ResultStore unused(scratch / "eval", 1000); }
  CHECK(trio(scratch / "eval", 0) == "first");
}

TEST_CASE("result store: where nothing can be stored is known before the work") {
  const ScratchDirectory scratch;
  write_plain(scratch / "file", "");
  const auto refused = [](const fs::path& directory) {
    const std::string message = message_of<engine::Error>([&] { const ResultStore store(directory, 100'000); });
    CHECK(message.starts_with("the results of an evaluation cannot be stored in " + directory.string() + ": "));
    CHECK(message.ends_with("; give --out DIR to store them elsewhere"));
    return message;
  };
  CHECK(refused(scratch / "file/eval").find("Not a directory") != std::string::npos);
  const FileSizeLimit full(50'000);
  CHECK(refused(scratch / "eval").find("File too large") != std::string::npos);
  CHECK(entries(scratch.path()) == 1);
}
