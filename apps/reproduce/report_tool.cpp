#include "apps/reproduce/report_tool.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <system_error>

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Runs `python3 tool directory` with its stdout on our stderr, as our own stdout is for one line of JSON. Its exit
/// status; -1 when it could not be started.
int run_tool(const fs::path& tool, const fs::path& directory) {
  std::string words[] = {"python3", tool.string(), directory.string()};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (error != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
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
  const int status = run_tool(*tool, directory);
  constexpr int kCommandNotFound = 127;
  if (status == -1 || status == kCommandNotFound) {
    std::cerr << "no plots: there is no python3; apt-get install python3-matplotlib, then " << tool->string() << ' '
              << directory.string() << '\n';
  }
}

}  // namespace apps
