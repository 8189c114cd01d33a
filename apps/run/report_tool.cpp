#include "apps/run/report_tool.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <system_error>
#include <thread>

#include "apps/run/signals.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kGrace = 5s;  // time between SIGTERM and SIGKILL

/// How a process started and ended.
struct Ending {
  int start_error = 0;    ///< errno of a failed start; 0: it started
  int status = 0;         ///< status from waitpid
  int stopped_by = 0;     ///< this program's stop signal that caused its end
  bool too_late = false;  ///< it exceeded the time limit and was ended
};

/// What the child inherits. Its stdout is our stderr, since our stdout is for one line of JSON. No signal is blocked,
/// and it has its own process group, which can be ended as a whole.
class Inheritance {
 public:
  Inheritance() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) sigaddset(&signals, signal);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  Inheritance(const Inheritance&) = delete;
  Inheritance& operator=(const Inheritance&) = delete;
  ~Inheritance() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }

  /// Returns 0 or an errno value.
  int spawn(pid_t& child, char* const* argv) const {
    return posix_spawnp(&child, argv[0], &actions_, &attributes_, argv, environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// Waits until the child ends. Returns false at the time `until`, or as soon as `gives_up()` is true.
template <class Condition>
bool ends(pid_t child, Clock::time_point until, Ending& ending, Condition&& gives_up) {
  for (;;) {
    const pid_t waited = waitpid(child, &ending.status, WNOHANG);
    if (waited == child) return true;
    if (waited < 0 && errno == ECHILD) return true;  // SIGCHLD is ignored: the exit status is unknown
    if (Clock::now() >= until || gives_up()) return false;
    std::this_thread::sleep_for(10ms);
  }
}

/// Runs `python3 tool -- directory`.
Ending run_tool(const fs::path& tool, const fs::path& directory, std::chrono::milliseconds limit) {
  Ending ending{.start_error = 0, .status = 0, .stopped_by = stop_signal(), .too_late = false};
  if (ending.stopped_by != 0) return ending;
  std::string words[] = {"python3", tool.string(), "--", directory.string()};  // "--": a directory may be called -x
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  ending.start_error = Inheritance().spawn(child, argv);
  if (ending.start_error != 0) return ending;
  if (ends(child, Clock::now() + limit, ending, [] { return stop_signal() != 0; })) return ending;
  ending.stopped_by = stop_signal();
  ending.too_late = ending.stopped_by == 0;
  kill(-child, SIGTERM);
  if (ends(child, Clock::now() + kGrace, ending, [] { return false; })) return ending;
  kill(-child, SIGKILL);
  ends(child, Clock::time_point::max(), ending, [] { return false; });
  return ending;
}

/// Why there are no plots; empty if there are plots, or if the tool has printed the reason itself.
std::string complaint(const Ending& ending, std::chrono::milliseconds limit) {
  if (ending.stopped_by != 0) return engine::concat("stopped by ", signal_name(ending.stopped_by));
  if (ending.too_late)
    return engine::concat("python3 was ended, as it took longer than ", static_cast<double>(limit.count()) / 1e3, " s");
  if (ending.start_error == ENOENT) return "there is no python3 (apt-get install python3-matplotlib)";
  if (ending.start_error != 0)
    return engine::concat("python3 could not be started: ", std::generic_category().message(ending.start_error));
  if (WIFSIGNALED(ending.status)) return engine::concat("python3 was ended by signal ", WTERMSIG(ending.status));
  constexpr int kSaysWhy = 2;  // tools/report itself exits with at most 2
  if (const int code = WEXITSTATUS(ending.status); code > kSaysWhy)
    return engine::concat("python3 ended with exit code ", code);
  return {};
}

}  // namespace

std::optional<fs::path> find_report_tool() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (fs::path folder = program.parent_path(); !error && folder != folder.parent_path();
       folder = folder.parent_path()) {
    if (const fs::path tool = folder / "tools" / "report"; fs::is_regular_file(tool, error)) return tool;
    error.clear();
  }
  return std::nullopt;
}

void draw_report(const fs::path& directory, std::chrono::milliseconds limit) {
  const auto tool = find_report_tool();
  if (!tool) {
    std::cerr << "no plots: this program is not inside a source tree with tools/report; run that on "
              << directory.string() << '\n';
    return;
  }
  const std::string why = complaint(run_tool(*tool, directory, limit), limit);
  if (!why.empty())
    std::cerr << "no plots: " << why << "; draw them with " << tool->string() << ' ' << directory.string() << '\n';
}

}  // namespace apps
