#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"
#include "apps/suppress/arguments.h"
#include "apps/suppress/suppression.h"

namespace {

int suppress(int argc, char** argv) {
  apps::SuppressRequest request;
  if (!apps::parse(argc, argv, request)) return apps::kSuccess;
  apps::stop_on_signals();
  apps::suppress(request, {argv, static_cast<std::size_t>(argc)});
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, suppress); }
