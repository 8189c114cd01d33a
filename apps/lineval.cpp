#include "apps/lineval/evaluate.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"

namespace {

int lineval(int argc, char** argv) {
  apps::EvaluationSettings settings;
  if (!apps::parse(argc, argv, settings)) return apps::kSuccess;
  apps::stop_on_signals();
  apps::evaluate(settings);
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, lineval); }
