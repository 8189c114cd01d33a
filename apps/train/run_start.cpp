#include "apps/train/run_start.h"

#include <fmt/format.h>

#include "apps/run/environment.h"
#include "engine/io/files.h"
#include "kernels/context.h"

namespace apps {

void keep_threads(const RunArguments& arguments, Config& config) {
  const std::filesystem::path run = resumed_path(arguments);
  if (run.empty() || config.run.threads != 0) return;
  if (const auto checkpoint = Checkpoints(run, config.run.keep).newest())
    config.run.threads = checkpoint->state.threads;
}

std::string environment_json(const engine::Context& context, const Config& config, std::span<char* const> argv) {
  return environment_json({.argv = argv,
                           .device = config.run.device,
                           .device_model = context.backend().model(),
                           .threads = context.threads(),
                           .libraries = kernels::library_versions()});
}

void start_run(const engine::Context& context, Trainer& trainer, RunDirectory& directory, std::span<char* const> argv) {
  const Config& config = directory.config();
  engine::atomic_write_file(directory.path() / "env.json", environment_json(context, config, argv));
  if (!directory.resumed()) return;
  if (const auto checkpoint = Checkpoints(directory.path(), config.run.keep).newest()) trainer.restore(*checkpoint);
  directory.log(fmt::format("resumed at step {}", trainer.step()));
}

}  // namespace apps
