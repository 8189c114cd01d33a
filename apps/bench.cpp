#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/bench/kernel_table.h"
#include "apps/bench/loading.h"
#include "apps/bench/settings.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/main.h"
#include "apps/train/captured_step.h"
#include "apps/train/make_context.h"
#include "kernels/context.h"

namespace {

using namespace apps;

/// Prints one line on stderr and one of JSON on stdout.
void time_work(const engine::Context& context, const BenchSettings& settings) {
  const Work work = make_work(context, settings.work, settings.options);
  CapturedStep step(
      context, [&] { work.run(); }, settings.cuda_graph && !settings.profile);
  for (std::int64_t i = 0; i < settings.repetitions.warmup; ++i) {
    step.run();
    if (i == 0) context.pool().reset_peak();  // the first run also timed algorithms; later a graph allocates nothing
  }
  context.profiler().enable(settings.profile);
  std::vector<double> ms;
  for (std::int64_t i = 0; i < settings.repetitions.timed; ++i) {
    ms.push_back(context.backend().time_ms([&] { step.run(); }));
  }
  if (settings.profile) context.profiler().print(std::cerr);
  const Times times = Times::of(ms);
  std::cerr << fmt::format(
      "{}: median {:.3f} ms, minimum {:.3f} ms, maximum {:.3f} ms, {:.1f} {}/s, {:.1f} MiB at the peak\n", work.name,
      times.median_ms, times.minimum_ms, times.maximum_ms, work.items / times.median_ms * 1e3, work.unit,
      static_cast<double>(context.pool().peak_bytes()) / (1 << 20));
  std::cout << json_text(nlohmann::ordered_json{{"work", work.name},
                                                {"device", Format<engine::Device>::text(settings.compute.device)},
                                                {"threads", context.threads()},
                                                {"precision", engine::name(settings.compute.precision)},
                                                {"repeatable", Format<bool>::text(settings.compute.repeatable)},
                                                {"ms", ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", work.items / times.median_ms * 1e3},
                                                {"unit", work.unit},
                                                {"peak_bytes", context.pool().peak_bytes()},
                                                {"choices", context.algorithms().used()}})
            << std::endl;
}

int bench(int argc, char** argv) {
  BenchSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  const engine::Context context = make_context(settings.compute);
  warn_of_threads(context, settings.compute.threads, "bench");
  context.algorithms().time_new(true);
  if (settings.work == "kernels") {
    if (settings.profile) throw UsageError("--profile is of steps; bench kernels times every kernel by itself");
    time_kernels(context, settings.kernel,
                 {.images = settings.options.batch_size,
                  .rows = settings.options.rows,
                  .dim = settings.options.dim,
                  .activations = settings.options.activations},
                 settings.repetitions);
    return kSuccess;
  }
  if (settings.work == "load") {
    time_loading(settings.data, settings.options.batch_size, context.threads(), settings.repetitions);
    return kSuccess;
  }
  if (settings.work == "views") {
    time_views(context, settings.data, settings.options.batch_size, settings.options.image_size,
               settings.options.activations, settings.views, settings.repetitions);
    return kSuccess;
  }
  time_work(context, settings);
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, bench); }
