#include "apps/bench/collectives.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "engine/tensor.h"
#include "kernels/collectives.h"
#include "kernels/context.h"

namespace apps {
namespace {

constexpr std::int64_t kSmallest = 8, kLargest = 16 << 20, kFactor = 8;

/// Bursts of equal length on all ranks, as rank 0 says.
Times time_call(const engine::Context& context, const std::function<void()>& call, const Repetitions& repetitions) {
  constexpr double kBurstMs = 2, kMostCalls = 1000;
  engine::Communicator& ranks = context.communicator();
  const auto burst_ms = [&](std::int64_t calls) {
    ranks.barrier();
    return context.backend().time_ms([&] {
      for (std::int64_t i = 0; i < calls; ++i) call();
    });
  };
  for (std::int64_t i = 0; i < repetitions.warmup; ++i) burst_ms(1);
  const double once = std::max(burst_ms(4) / 4, kBurstMs / kMostCalls);
  const std::int64_t calls = ranks.highest(ranks.rank() == 0 ? std::llround(std::ceil(kBurstMs / once)) : 0);
  std::vector<double> ms;
  for (std::int64_t i = 0; i < repetitions.timed; ++i) ms.push_back(burst_ms(calls) / static_cast<double>(calls));
  return Times::of(std::move(ms));
}

}  // namespace

void time_collectives(const engine::Context& context, const Repetitions& repetitions) {
  const engine::Communicator& ranks = context.communicator();
  if (ranks.ranks() == 1)
    throw UsageError("collectives are what several ranks do together: start bench with mpirun -n K or srun");
  const bool speaks = ranks.rank() == 0;
  if (speaks) std::cerr << fmt::format("{:<12}{:>12}{:>12}{:>24}{:>9}\n", "", "bytes", "ms", "(min - max)", "GB/s");
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  const auto time = [&](const char* name, std::int64_t bytes, const std::function<void()>& call) {
    const Times times = time_call(context, call, repetitions);
    if (!speaks) return;
    std::cerr << fmt::format("{:<12}{:>12}{:>12.4f}{:>24}{:>9.3f}\n", name, bytes, times.median_ms,
                             fmt::format("({:.4f} - {:.4f})", times.minimum_ms, times.maximum_ms),
                             static_cast<double>(bytes) / times.median_ms / 1e6)
              << std::flush;
    all.push_back({{"name", name},
                   {"bytes", bytes},
                   {"median_ms", times.median_ms},
                   {"minimum_ms", times.minimum_ms},
                   {"maximum_ms", times.maximum_ms}});
  };
  // The bytes are those of a rank: of its sum, or of its part.
  for (std::int64_t bytes = kSmallest; bytes <= kLargest; bytes *= kFactor) {
    const auto x = engine::Tensor::zeros(context, {bytes / 4});
    time("all_reduce", bytes, [&] { kernels::all_reduce(context, {.x = x}); });
  }
  for (std::int64_t bytes = kSmallest; bytes <= kLargest; bytes *= kFactor) {
    const auto x = engine::Tensor::zeros(context, {ranks.ranks(), bytes / 4});
    time("all_gather", bytes, [&] { kernels::all_gather(context, {.x = x}); });
  }
  if (!speaks) return;
  std::cout << json_text(nlohmann::ordered_json{{"device", engine::concat(context.device())},
                                                {"model", context.backend().model()},
                                                {"threads", context.threads()},
                                                {"ranks", ranks.ranks()},
                                                {"collectives", all}})
            << std::endl;
}

}  // namespace apps
