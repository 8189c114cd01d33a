#include "apps/bench/collectives.h"
#include "apps/bench/kernel_table.h"
#include "apps/bench/loading.h"
#include "apps/bench/settings.h"
#include "apps/bench/step_times.h"
#include "apps/bench/work_list.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/train/make_context.h"
#include "apps/train/plans.h"
#include "kernels/ranks/join.h"
#include "kernels/runtime/launch.h"

namespace {

using namespace apps;

constexpr char kCollectives[] = "collectives";

void time(const engine::Context& context, const BenchSettings& settings) {
  if (settings.work == "kernels") {
    if (settings.profile) throw UsageError("--profile is of steps; bench kernels times every kernel by itself");
    return time_kernels(context, settings.kernel,
                        {.images = settings.options.batch_size,
                         .rows = settings.options.rows,
                         .dim = settings.options.dim,
                         .activations = settings.options.activations},
                        settings.repetitions);
  }
  if (settings.work == kCollectives) return time_collectives(context, settings.repetitions);
  if (settings.work == "load")
    return time_loading(settings.data, settings.options.batch_size, context.threads(), settings.repetitions);
  if (settings.work == "views") {
    return time_views(context, settings.data, settings.options.batch_size, settings.options.image_size,
                      settings.options.activations, settings.views, settings.repetitions);
  }
  time_work(context, settings);
}

void time_with_plans(const engine::Context& context, const BenchSettings& settings) {
  warn_of_threads(context, settings.compute.threads, "bench");
  context.algorithms().time_new(true);
  switch (settings.plans) {
    case BenchPlans::timed: return time(context, settings);
    case BenchPlans::machine:
      take_up_plans_of_machine(context);
      time(context, settings);
      hand_on_plans_to_machine(context);
  }
}

void refuse_several(const engine::Communicator& ranks) {
  if (ranks.ranks() == 1) return;
  const std::string by = engine::launched().by;
  throw UsageError(engine::concat(by, " started ", ranks.ranks(), " processes, and only bench ", kCollectives,
                                  " is of several: start other works without ", by));
}

int bench(int argc, char** argv, engine::Communicator& ranks) {
  BenchSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  if (settings.work == kCollectives) {
    time_with_plans(make_context(settings.compute, &ranks), settings);
    return kSuccess;
  }
  refuse_several(ranks);
  if (!settings.list.empty()) return time_in_one_process(read_work_list(settings), time_with_plans);
  time_with_plans(make_context(settings.compute), settings);
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, kernels::join_ranks, bench); }
