#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/bench/timing.h"
#include "data/loader.h"
#include "data/source.h"
#include "data/stage_times.h"

namespace apps {

/// What is done with the batches of an epoch, beside reading them.
struct BatchUse {
  std::function<void(const data::HostBatch&)> use = [](const data::HostBatch&) {};
  std::function<void()> finish = [] {};  ///< at the end of an epoch: waits for what `use` has begun
};

/// Epochs of whole batches that were timed.
struct Epochs {
  std::vector<double> ms;     ///< of each
  std::int64_t images = 0;    ///< in each
  double processor_ms = 0;    ///< of all threads, per image
  data::StageTimes workers;   ///< processor time of one more epoch: the loader's, by stage
  double all_threads_ms = 0;  ///< processor time of that epoch, with what `use` took
};

/// Times epochs and shows the progress of `work` on stderr.
Epochs time_epochs(const std::string& work, const data::Source& source, const data::LoaderOptions& options,
                   const Repetitions& repetitions, const BatchUse& use = {});

}  // namespace apps
