#include "apps/reproduce/reproduction.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"

namespace {

int reproduce(int argc, char** argv) {
  apps::ReproduceArguments arguments;
  if (!apps::parse(argc, argv, arguments)) return apps::kSuccess;
  apps::stop_on_signals();
  apps::reproduce(arguments, {argv, static_cast<std::size_t>(argc)});
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, reproduce); }
