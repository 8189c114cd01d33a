#pragma once
#include <cstdint>

namespace apps {

/// What must be done after a step.
struct Due {
  bool logs = false, evaluates = false, saves = false;
  bool operator==(const Due&) const = default;
};

/// When a run logs, evaluates and saves, counted in steps and in epochs of whole batches.
struct Cadence {
  std::int64_t steps = 0, steps_per_epoch = 0;
  std::int64_t log_every = 0;                   ///< steps; also at the end of each epoch
  std::int64_t eval_every = 0, ckpt_every = 0;  ///< epochs; 0: only at the end

  /// `stopping`: a signal asked to stop, so this is the last step of this process.
  Due after(std::int64_t step, bool stopping) const;

 private:
  bool ends_each(std::int64_t epochs, std::int64_t step) const;
};

}  // namespace apps
