#include "apps/run/report_tool.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <system_error>

#include "engine/core/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// How a process came to be, or not, and to its end.
struct Ending {
  int start_error = 0;  ///< of errno; 0: it ran
  int status = 0;       ///< as waitpid has it
};

/// Runs `python3 tool directory` with its stdout on our stderr, as our own stdout is for one line of JSON.
Ending run_tool(const fs::path& tool, const fs::path& directory) {
  std::string words[] = {"python3", tool.string(), directory.string()};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  Ending ending{.start_error = posix_spawnp(&child, argv[0], &actions, nullptr, argv, environ)};
  posix_spawn_file_actions_destroy(&actions);
  while (ending.start_error == 0 && waitpid(child, &ending.status, 0) != child) {
    if (errno != EINTR) ending.start_error = errno;
  }
  return ending;
}

/// Why there are no plots; empty when there are, and when the tool has said why itself.
std::string complaint(const Ending& ending) {
  if (ending.start_error == ENOENT) return "there is no python3; apt-get install python3-matplotlib";
  if (ending.start_error != 0)
    return engine::concat("python3 could not be started: ", std::generic_category().message(ending.start_error));
  if (WIFSIGNALED(ending.status)) return engine::concat("python3 was ended by signal ", WTERMSIG(ending.status));
  constexpr int kSaysWhy = 2;  // the largest exit code of the tool itself
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

void draw_report(const fs::path& directory) {
  const auto tool = find_report_tool();
  if (!tool) {
    std::cerr << "no plots: this program is not inside a source tree with tools/report; run that on "
              << directory.string() << '\n';
    return;
  }
  const std::string why = complaint(run_tool(*tool, directory));
  if (!why.empty())
    std::cerr << "no plots: " << why << "; then " << tool->string() << ' ' << directory.string() << '\n';
}

}  // namespace apps
