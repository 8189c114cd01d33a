#include "engine/io/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using engine::Descriptor;

TEST_CASE("descriptor: appends, knows its size, moves and closes") {
  const ScratchDirectory scratch;
  int number = -1;
  {
    Descriptor first(scratch / "file", O_WRONLY | O_CREAT | O_APPEND);
    first.write("one ");
    Descriptor file = std::move(first);
    file.write("two");
    file.sync();
    CHECK(file.size_bytes() == 7);
    CHECK(file.path() == scratch / "file");
    number = file.get();
    CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(fcntl(number, F_GETFD) == -1);
  CHECK(engine::read_file(scratch / "file") == "one two");
}

TEST_CASE("descriptor: errors name the path and the cause") {
  const ScratchDirectory scratch;
  CHECK(message_of<engine::Error>([&] { Descriptor(scratch / "missing", O_RDONLY); }) ==
        "cannot open " + (scratch / "missing").string() + ": No such file or directory");
  CHECK(message_of<engine::Error>([] { Descriptor("/dev/full", O_WRONLY).write("x"); }) ==
        "cannot write /dev/full: No space left on device");
}

TEST_CASE("descriptor: a lock is held by one until that is closed") {
  const ScratchDirectory scratch;
  Descriptor second(scratch / "lock", O_RDWR | O_CREAT);
  {
    Descriptor first(scratch / "lock", O_RDWR);
    CHECK(first.try_lock() == engine::Locking::taken);
    CHECK(first.try_lock() == engine::Locking::taken);
    CHECK(second.try_lock() == engine::Locking::held);
    const Descriptor moved(std::move(first));
    CHECK(second.try_lock() == engine::Locking::held);
  }
  CHECK(second.try_lock() == engine::Locking::taken);
}

TEST_CASE(
    "descriptor: what is no regular file is refused in a sentence, and nobody waits for a named pipe's other end") {
  const ScratchDirectory scratch;
  const std::string path = scratch / "file";
  const auto refusal = [&](int flags) { return message_of<engine::Error>([&] { Descriptor(path, flags); }); };
  SUBCASE("a named pipe") {
    REQUIRE(mkfifo(path.c_str(), 0666) == 0);
    CHECK(refusal(O_RDONLY) == "cannot read " + path + ": it is a named pipe, not a regular file");
    CHECK(refusal(O_RDWR) == "cannot write " + path + ": it is a named pipe, not a regular file");
    CHECK(refusal(O_WRONLY | O_CREAT) ==
          "cannot write " + path + ": it is a socket, or a named pipe that nobody reads, not a regular file");
  }
  SUBCASE("a directory") {
    std::filesystem::create_directory(path);
    CHECK(refusal(O_RDONLY) == "cannot read " + path + ": it is a directory, not a regular file");
    CHECK(refusal(O_WRONLY) == "cannot create " + path + ": Is a directory");
    CHECK_NOTHROW(Descriptor(path, O_RDONLY | O_DIRECTORY));
  }
  SUBCASE("a device") {
    std::filesystem::create_symlink("/dev/zero", path);
    CHECK(refusal(O_RDONLY) == "cannot read " + path + ": it is a device, not a regular file");
  }
}
