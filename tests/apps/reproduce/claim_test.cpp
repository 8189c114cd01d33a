#include "apps/reproduce/claim.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("claim: one holder at a time, and nothing is left") {
  const ScratchDirectory scratch;
  {
    const auto claim = Claim::attempt(scratch.path(), "t0.1-s1");
    REQUIRE(claim);
    CHECK_FALSE(Claim::attempt(scratch.path(), "t0.1-s1"));
    CHECK(Claim::attempt(scratch.path(), "t0.1-s2"));
  }
  CHECK(std::filesystem::is_empty(scratch.path()));
  CHECK(Claim::attempt(scratch.path(), "t0.1-s1"));
}

TEST_CASE("claim: a killed process gives up its work") {
  const ScratchDirectory scratch;
  int told[2];
  REQUIRE(pipe(told) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto claim = Claim::attempt(scratch.path(), "work");
    [[maybe_unused]] const auto written = write(told[1], claim ? "1" : "0", 1);
    pause();
    _exit(0);
  }
  char answer = 0;
  REQUIRE(read(told[0], &answer, 1) == 1);
  CHECK(answer == '1');
  CHECK_FALSE(Claim::attempt(scratch.path(), "work"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(Claim::attempt(scratch.path(), "work"));
  close(told[0]);
  close(told[1]);
}

TEST_CASE("claim: processes that wait for each other's moments all get their turn") {
  const ScratchDirectory scratch;
  const std::filesystem::path file = scratch / "counter";
  constexpr int kProcesses = 4, kTurns = 50;
  pid_t children[kProcesses];
  for (pid_t& child : children) {
    child = fork();
    if (child != 0) continue;
    for (int i = 0; i < kTurns; ++i) {
      const Claim claim = Claim::wait(scratch.path(), "report");
      // Not atomic: a turn would be lost without the claim.
      const auto size = std::filesystem::exists(file) ? std::filesystem::file_size(file) : 0;
      FILE* out = fopen(file.c_str(), "w");
      for (std::uintmax_t byte = 0; byte <= size; ++byte) fputc('x', out);
      fclose(out);
    }
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(std::filesystem::file_size(file) == kProcesses * kTurns);
}
