#include "apps/bench/timing.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/linear.h"

namespace apps {

Times Times::of(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const std::size_t half = ms.size() / 2;
  return {.median_ms = ms.size() % 2 == 1 ? ms[half] : (ms[half - 1] + ms[half]) / 2,
          .minimum_ms = ms.front(),
          .maximum_ms = ms.back()};
}

Times time_in_turn(const engine::Context& context, const std::vector<std::function<void()>>& runs,
                   const Repetitions& repetitions) {
  constexpr double kBurstMs = 2;
  std::size_t next = 0;
  const auto burst_ms = [&](std::int64_t count) {
    return context.backend().time_ms([&] {
      for (std::int64_t i = 0; i < count; ++i) runs[next++ % runs.size()]();
    });
  };
  for (const auto& run : runs) run();  // the first run may build kernels or time algorithms
  for (std::int64_t i = 0; i < repetitions.warmup; ++i) burst_ms(1);
  constexpr double kMostRuns = 1000;
  const double once = std::max(burst_ms(4) / 4, kBurstMs / kMostRuns);
  const std::int64_t count = std::max<std::int64_t>(1, std::llround(kBurstMs / once));
  std::vector<double> ms;
  for (std::int64_t i = 0; i < repetitions.timed; ++i) ms.push_back(burst_ms(count) / static_cast<double>(count));
  return Times::of(std::move(ms));
}

KernelTimes time_kernel(const engine::Context& context, const KernelEntry& entry, const KernelSizes& sizes,
                        const Repetitions& repetitions) {
  constexpr std::size_t kBeyondCaches = 256 << 20, kMostCopies = 64;
  std::vector<std::function<void()>> runs;
  KernelWork work;
  do {
    Buffers buffers(context, sizes);
    work = entry.make(buffers);
    runs.push_back(work.run);
  } while (runs.size() * work.bytes < kBeyondCaches && runs.size() < kMostCopies);
  return {.name = std::string(entry.name),
          .example = work.example,
          .cost = work.cost,
          .times = time_in_turn(context, runs, repetitions)};
}

double Ceilings::share(const engine::Cost& cost, double ms) const {
  const double least_s = std::max(static_cast<double>(cost.bytes) / copied_bytes_per_s,
                                  static_cast<double>(cost.operations) / operations_per_s);
  return least_s * 1e3 / ms;
}

Ceilings measure_ceilings(const engine::Context& context, engine::Dtype activations, const Repetitions& repetitions) {
  Ceilings ceilings;
  const auto rate = [&](double amount, const std::function<void()>& run) {
    return amount / time_in_turn(context, {run}, repetitions).minimum_ms * 1e3;
  };
  {
    Buffers b(context, {.activations = activations});
    const std::int64_t floats = context.on_cuda() ? std::int64_t{1} << 28 : std::int64_t{1} << 25;
    const engine::Tensor x = b.random_f32({floats}), y = b.output_f32({floats});
    // The device's own copy or our kernel, whichever is faster: with several processors our kernel is.
    const auto own_copy = [&] { copy(x, y); };
    const auto our_copy = [&] { kernels::scale(context, {.x = x, .alpha = 1, .y = {y}}); };
    const auto moved = static_cast<double>(2 * x.bytes());
    ceilings.copied_bytes_per_s = std::max(rate(moved, own_copy), rate(moved, our_copy));
  }
  Buffers b(context, {.activations = activations});
  const std::int64_t n = context.on_cuda() ? 8192 : 1024;
  const kernels::LinearForward product{
      .x = b.random({n, n}), .weight = b.random({n, n}), .bias = {}, .y = b.output({n, n})};
  ceilings.operations_per_s =
      rate(static_cast<double>(product.cost().operations), [&] { kernels::linear_forward(context, product); });
  return ceilings;
}

std::vector<KernelEntry> kernel_entries() {
  std::vector<KernelEntry> all;
  for (const auto& list : {image_kernels(), row_kernels(), parameter_kernels(), momentum_kernels()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

}  // namespace apps
