#include "apps/run/run_lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

TEST_CASE("run_lock: a second process is refused by the first one's id, until that is gone, however it went") {
  const ScratchDirectory scratch;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const apps::RunLock lock(scratch.path());
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(message_of<engine::Error>([&] { apps::RunLock lock(scratch.path()); }) ==
        scratch.path().string() + " is in use by process " + std::to_string(holder) +
            "; wait for it, stop it, or choose another --out");
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  const apps::RunLock lock(scratch.path());
  CHECK(engine::read_file(scratch / "lock") == std::to_string(getpid()) + "\n");
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("run_lock: gone at the end of its scope") {
  const ScratchDirectory scratch;
  { const apps::RunLock lock(scratch.path()); }
  CHECK_NOTHROW(apps::RunLock(scratch.path()));
  CHECK(message_of<engine::Error>([&] { apps::RunLock(scratch / "none"); }) ==
        "cannot create " + (scratch / "none/lock").string() + ": No such file or directory");
}

TEST_CASE("run_lock: a process that is no more is not blamed for a lock that another has just taken") {
  const ScratchDirectory scratch;
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  engine::atomic_write_file(scratch / "lock", std::to_string(dead) + "\n");
  const engine::Descriptor taken(scratch / "lock", O_RDWR);  // a holder that has not written its id yet
  REQUIRE(flock(taken.get(), LOCK_EX) == 0);
  CHECK(message_of<engine::Error>([&] { apps::RunLock lock(scratch.path()); }) ==
        scratch.path().string() +
            " is in use by a process that has just started; wait for it, stop it, or choose another --out");
}

TEST_CASE("run_lock: it is known when the locked file is no more the one in the directory") {
  const ScratchDirectory scratch;
  const apps::RunLock lock(scratch.path());
  CHECK(lock.in_place());
  std::filesystem::remove(scratch / "lock");
  CHECK_FALSE(lock.in_place());
  engine::atomic_write_file(scratch / "lock", "");
  CHECK_FALSE(lock.in_place());
}
