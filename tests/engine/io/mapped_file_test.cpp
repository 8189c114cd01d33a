#include "engine/io/mapped_file.h"

#include <doctest/doctest.h>

#include <cstring>

#include "engine/core/error.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

TEST_CASE("mapped_file: shows the bytes, and outlives the file's name") {
  const ScratchDirectory scratch;
  engine::atomic_write_file(scratch / "file", "contents");
  engine::MappedFile first(scratch / "file");
  const engine::MappedFile file = std::move(first);
  std::filesystem::remove(scratch / "file");
  REQUIRE(file.bytes().size() == 8);
  CHECK(std::memcmp(file.bytes().data(), "contents", 8) == 0);
}

TEST_CASE("mapped_file: an empty file has no bytes, a missing one is an error") {
  const ScratchDirectory scratch;
  engine::atomic_write_file(scratch / "empty", "");
  CHECK(engine::MappedFile(scratch / "empty").bytes().empty());
  const std::string path = scratch / "missing";
  CHECK(message_of<engine::Error>([&] { engine::MappedFile file(path); }) ==
        "cannot open " + path + ": No such file or directory");
}
