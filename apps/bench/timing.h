#pragma once
#include <functional>
#include <vector>

#include "apps/bench/buffers.h"

namespace apps {

/// Milliseconds of one run, over all repetitions.
struct Times {
  double median_ms = 0, minimum_ms = 0, maximum_ms = 0;

  static Times of(std::vector<double> ms);
};

struct Repetitions {
  std::int64_t timed = 10, warmup = 3;
};

/// Times bursts of runs, each long enough for the device's clock. The runs take turns: if they use different buffers,
/// no run finds its data in a cache.
Times time_in_turn(const engine::Context& context, const std::vector<std::function<void()>>& runs,
                   const Repetitions& repetitions);

struct KernelTimes {
  std::string name, example;
  engine::Cost cost;
  Times times;
};
/// Runs on several copies of the buffers, which together do not fit into a cache.
KernelTimes time_kernel(const engine::Context& context, const KernelEntry& entry, const KernelSizes& sizes,
                        const Repetitions& repetitions);

/// The measured peaks of the device, with which kernels are compared.
struct Ceilings {
  double copied_bytes_per_s = 0;  ///< read plus written
  double operations_per_s = 0;    ///< of a large matrix product in the dtype of the activations

  /// The least time for this cost at the peaks, as a fraction of the measured time.
  double share(const engine::Cost& cost, double ms) const;
};
Ceilings measure_ceilings(const engine::Context& context, engine::Dtype activations, const Repetitions& repetitions);

}  // namespace apps
