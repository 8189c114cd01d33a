#include <span>

#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"
#include "apps/suppress/arguments.h"
#include "apps/suppress/suppression.h"

namespace {

int suppress(int argc, char** argv) {
  apps::SuppressArguments arguments;
  if (!apps::parse(argc, argv, arguments)) return apps::kSuccess;
  apps::stop_on_signals();
  const std::span<char* const> words{argv, static_cast<std::size_t>(argc)};
  if (arguments.table)
    apps::suppress_table(*arguments.table, words);
  else
    apps::suppress(arguments.training, words);
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, suppress); }
