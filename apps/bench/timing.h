#pragma once
#include <functional>
#include <vector>

#include "apps/bench/buffers.h"

namespace apps {

/// Milliseconds of one run, over repetitions.
struct Times {
  double median_ms = 0, minimum_ms = 0, maximum_ms = 0;

  static Times of(std::vector<double> ms);
};

struct Repetitions {
  std::int64_t timed = 10, warmup = 3;
};

/// Times bursts of runs, each long enough for the device's clock, taking the runs in turn: several on different buffers
/// do not find their data in a cache.
Times time_in_turn(const engine::Context& context, const std::vector<std::function<void()>>& runs,
                   const Repetitions& repetitions);

struct KernelTimes {
  std::string name, example;
  engine::Cost cost;
  Times times;
};
/// On so many copies of its buffers that they do not fit a cache.
KernelTimes time_kernel(const engine::Context& context, const KernelEntry& entry, const KernelSizes& sizes,
                        const Repetitions& repetitions);

/// What the device does at best, measured: kernels are held against it.
struct Ceilings {
  double copied_bytes_per_s = 0;  ///< read plus written
  double operations_per_s = 0;    ///< of a large matrix product of activations

  /// The least time for the cost, as a share of the time it took.
  double share(const engine::Cost& cost, double ms) const;
};
Ceilings measure_ceilings(const engine::Context& context, engine::Dtype activations, const Repetitions& repetitions);

}  // namespace apps
