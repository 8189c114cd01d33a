#include "apps/run/signals.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include "kernels/runtime/error.h"
#include "tests/sanitized.h"

namespace {

using namespace std::chrono_literals;

/// The status of a child process that runs `body`: its signals and limits do not affect the tests.
template <class Body>
int status_of(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// Waits for the signal that asks to stop.
int awaited_stop() {
  for (int i = 0; i < 1000 && apps::stop_signal() == 0; ++i) std::this_thread::sleep_for(10ms);
  return apps::stop_signal();
}

std::thread::id handled_in;
void note_thread(int) { handled_in = std::this_thread::get_id(); }

}  // namespace

TEST_CASE("signals: the first one is remembered and stops nothing") {
  CHECK(apps::stop_signal() == 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) {
    const int status = status_of([signal] {
      const apps::SignalThread signals;
      apps::stop_on_signals();
      kill(getpid(), signal);
      awaited_stop();
      kill(getpid(), SIGTERM);  // schedulers send a signal several times
      std::this_thread::sleep_for(50ms);
      return apps::stop_signal();
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == signal);
  }
}

TEST_CASE("signals: a second SIGINT kills at once") {
  for (const int first : {SIGINT, SIGTERM}) {
    const int status = status_of([first] {
      const apps::SignalThread signals;
      apps::stop_on_signals();
      kill(getpid(), first);
      awaited_stop();
      kill(getpid(), SIGINT);
      std::this_thread::sleep_for(10s);
      return 0;
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
  }
}

TEST_CASE("signals: they end a program that does not look at them") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM}) {
    const int status = status_of([signal] {
      const apps::SignalThread signals;
      kill(getpid(), signal);
      std::this_thread::sleep_for(10s);
      return 0;
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
  }
}

TEST_CASE("signals: none is handled in the thread that computes, nor in those that it starts") {
  const int status = status_of([] {
    const apps::SignalThread signals;
    ::signal(SIGPROF, note_thread);
    const itimerval often{.it_interval = {0, 1000}, .it_value = {0, 1000}};
    setitimer(ITIMER_PROF, &often, nullptr);
    const auto computes = [] {
      const auto end = std::chrono::steady_clock::now() + 200ms;
      while (std::chrono::steady_clock::now() < end) {}
    };
    std::thread other(computes);
    const std::thread::id own = std::this_thread::get_id(), others = other.get_id();
    computes();
    other.join();
    return handled_in != std::thread::id() && handled_in != own && handled_in != others ? 7 : 0;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: SIGHUP stays ignored under nohup") {
  const int status = status_of([] {
    ::signal(SIGHUP, SIG_IGN);
    const apps::SignalThread signals;
    apps::stop_on_signals();
    kill(getpid(), SIGHUP);
    std::this_thread::sleep_for(100ms);
    return apps::stop_signal() == 0 ? 7 : 0;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: what comes when the program is done does not end it") {
  const int status = status_of([] {
    {
      const apps::SignalThread signals;
      apps::stop_on_signals();
    }
    kill(getpid(), SIGTERM);
    return 7;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: a file-size limit and a closed pipe are errors, not the end") {
  const int status = status_of([] {
    const apps::SignalThread signals;
    const rlimit limit{0, 0};
    setrlimit(RLIMIT_FSIZE, &limit);
    FILE* file = tmpfile();
    int ends[2];
    if (file == nullptr || pipe(ends) != 0) return 0;
    close(ends[0]);
    return write(fileno(file), "x", 1) == -1 && write(ends[1], "x", 1) == -1 ? 7 : 0;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: a thread that cannot be had is an error") {
  if (kSanitized) {
    MESSAGE("[skipped] a sanitizer needs the address space");
    return;
  }
  const int status = status_of([] {
    const rlimit none{1 << 20, 1 << 20};  // less than what is already in use
    setrlimit(RLIMIT_AS, &none);
    try {
      for (;;) std::thread([] { pause(); }).detach();  // stacks of ended threads are reused first
    } catch (const std::system_error&) {}
    try {
      const apps::SignalThread signals;
    } catch (const engine::Error& error) {
      return std::string(error.what()).starts_with("no thread can be started to take signals: ") ? 7 : 0;
    }
    return 0;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("signals: names") {
  CHECK(std::string(apps::signal_name(SIGINT)) == "SIGINT");
  CHECK(std::string(apps::signal_name(SIGTERM)) == "SIGTERM");
  CHECK(std::string(apps::signal_name(SIGUSR1)) == "SIGUSR1");
}
