#include "engine/io/mapped_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cstring>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/sanitized.h"

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

TEST_CASE("mapped_file: a file that the address space has no room for is a sentence") {
  if (kSanitized) {
    MESSAGE("[skipped] a sanitizer needs the address space");
    return;
  }
  const ScratchDirectory scratch;
  const std::string path = scratch / "large";
  engine::atomic_write_file(path, "");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 30);  // a sparse file: it takes no disk space
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit little{std::size_t{512} << 20, before.rlim_max};
  setrlimit(RLIMIT_AS, &little);
  const std::string message = message_of<engine::Error>([&] { engine::MappedFile file(path); });
  setrlimit(RLIMIT_AS, &before);
  CHECK(message == "cannot map " + path +
                       ": there is no room for its 1073741824 bytes in the address space; raise the limit (ulimit -v)");
}
