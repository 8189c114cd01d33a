#include "apps/pretrain/pretraining.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/signals.h"
#include "kernels/ranks/join.h"

namespace {

int pretrain(int argc, char** argv, engine::Communicator& ranks) {
  apps::PretrainArguments arguments;
  if (!apps::parse(argc, argv, arguments)) return apps::kSuccess;
  // Installed first, so that a signal while the data is read is not lost: the run then stops after its first step.
  if (arguments.trains()) apps::stop_on_signals();
  apps::pretrain(arguments, {argv, static_cast<std::size_t>(argc)}, ranks);
  return apps::kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, kernels::join_ranks, pretrain); }
