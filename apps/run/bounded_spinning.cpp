#include "apps/run/bounded_spinning.h"

#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace apps {
namespace {

// Some hundredths of a millisecond: longer than most waits of a team that has its processors to itself.
constexpr char kTurns[] = "1000";

}  // namespace

void bound_spinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (argv == nullptr || argv[0] != program_invocation_name) return;
  // Started as an argument of the loader, which is then what is in /proc.
  if (getauxval(AT_BASE) == 0) return;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error || setenv("GOMP_SPINCOUNT", kTurns, 1) != 0) return;
  execv(program.c_str(), argv);
  unsetenv("GOMP_SPINCOUNT");
}

}  // namespace apps
