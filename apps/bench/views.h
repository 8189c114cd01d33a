#pragma once
#include <cstdint>
#include <string>

#include "apps/bench/timing.h"
#include "apps/config/augmentation_options.h"
#include "engine/tensor.h"

namespace apps {

struct ViewsOptions {
  Augmentation augment = Augmentation::simclr;
  std::int64_t views = 2;  ///< of each image
  int workers = 2;         ///< threads that read images
};

/// Times all input of a training step, without a network: a repetition is one epoch of the source `expression` in whole
/// batches, which are read, decoded, uploaded and augmented, as by a run. Views have `size` pixels a side; the
/// context's threads augment. Nothing is kept in memory. One more epoch measures which part of the processor time each
/// stage takes. Prints a line on stderr and one of JSON on stdout.
void time_views(const engine::Context& context, const std::string& expression, std::int64_t batch_size,
                std::int64_t size, engine::Dtype dtype, const ViewsOptions& options, const Repetitions& repetitions);

}  // namespace apps
