#include "apps/run/signals.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace {

/// The status of a child process that runs `body`: handlers and limits stay there.
template <class Body>
int status_of(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("signals: the first one is remembered and stops nothing") {
  CHECK(apps::stop_signal() == 0);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    const int status = status_of([signal] {
      apps::install_signal_handlers();
      raise(signal);
      raise(SIGTERM);  // schedulers repeat themselves
      return apps::stop_signal();
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == signal);
  }
}

TEST_CASE("signals: a second SIGINT kills at once") {
  for (const int first : {SIGINT, SIGTERM}) {
    const int status = status_of([first] {
      apps::install_signal_handlers();
      raise(first);
      raise(SIGINT);
      return 0;
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
  }
}

TEST_CASE("signals: a file-size limit is an error, not the end") {
  const int status = status_of([] {
    apps::install_signal_handlers();
    const rlimit limit{0, 0};
    setrlimit(RLIMIT_FSIZE, &limit);
    FILE* file = tmpfile();
    return file && write(fileno(file), "x", 1) == -1 ? 7 : 0;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: names") {
  CHECK(std::string(apps::signal_name(SIGINT)) == "SIGINT");
  CHECK(std::string(apps::signal_name(SIGTERM)) == "SIGTERM");
  CHECK(std::string(apps::signal_name(SIGUSR1)) == "SIGUSR1");
}
