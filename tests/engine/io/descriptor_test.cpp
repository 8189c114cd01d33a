#include "engine/io/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "engine/core/error.h"
#include "engine/io/files.h"
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
