#include "engine/io/files.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using engine::atomic_write_file;
using engine::read_file;

TEST_CASE("files: what is written is read back, and replaces what was there") {
  const ScratchDirectory scratch;
  const std::string text("a\0b\n", 4);
  atomic_write_file(scratch / "file", "longer than the next");
  atomic_write_file(scratch / "file", text);
  CHECK(read_file(scratch / "file") == text);
  atomic_write_file(scratch / "empty", "");
  CHECK(read_file(scratch / "empty").empty());
  CHECK_FALSE(exists(scratch / "file.tmp"));
}

TEST_CASE("files: a full disk leaves the earlier file and no temporary") {
  const ScratchDirectory scratch;
  const auto path = scratch / "file";
  atomic_write_file(path, "before");

  SUBCASE("ENOSPC") {
    std::filesystem::create_symlink("/dev/full", scratch / "file.tmp");
    CHECK(message_of<engine::Error>([&] { atomic_write_file(path, "after"); }) ==
          "cannot write " + path.string() + ".tmp: No space left on device");
  }
  SUBCASE("EFBIG after a part was written") {
    const FileSizeLimit limit(1000);
    CHECK(message_of<engine::Error>([&] { atomic_write_file(path, std::string(2000, 'x')); }) ==
          "cannot write " + path.string() + ".tmp: File too large");
  }
  SUBCASE("no commit") {
    engine::AtomicFile file(path);
    file.write("after");
  }
  CHECK(read_file(path) == "before");
  CHECK_FALSE(exists(symlink_status(scratch / "file.tmp")));
}

TEST_CASE("files: errors name the path and the cause") {
  const ScratchDirectory scratch;
  const std::string path = scratch / "missing";
  CHECK(message_of<engine::Error>([&] { read_file(path); }) == "cannot open " + path + ": No such file or directory");
  CHECK(message_of<engine::Error>([&] { atomic_write_file(path + "/file", ""); }) ==
        "cannot create " + path + "/file.tmp: No such file or directory");
  CHECK(message_of<engine::Error>([&] { read_file(scratch.path()); }) ==
        "cannot read " + scratch.path().string() + ": it is a directory, not a regular file");
  CHECK(message_of<engine::Error>([&] { engine::sync_directory(path); }) ==
        "cannot open " + path + ": No such file or directory");
  CHECK(message_of<engine::Error>([&] { engine::rename_path(path, path + "2"); }) ==
        "cannot rename " + path + " to " + path + "2: No such file or directory");
  atomic_write_file(scratch / "file", "");
  const std::string below = scratch / "file/below";
  CHECK(message_of<engine::Error>([&] { engine::create_directories(below); }) ==
        "cannot create directory " + below + ": Not a directory");
}
