#include "apps/bench/step_times.h"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/run/json_text.h"
#include "apps/train/captured_step.h"
#include "kernels/context.h"

namespace apps {

void time_work(const engine::Context& context, const BenchSettings& settings) {
  context.pool().trim();  // what an earlier work of this process needed
  context.pool().reset_peak();
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
                                                {"model", context.backend().model()},
                                                {"libraries", kernels::library_versions()},
                                                {"choices", context.algorithms().used()}})
            << std::endl;
}

}  // namespace apps
