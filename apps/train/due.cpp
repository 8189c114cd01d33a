#include "apps/train/due.h"

namespace apps {

Due Cadence::after(std::int64_t step, bool stopping) const {
  const bool last = step == steps;
  return {.logs = last || step % log_every == 0 || ends_each(1, step),
          .evaluates = last || ends_each(eval_every, step),
          .saves = last || stopping || ends_each(ckpt_every, step)};
}

/// Whether this step ends an epoch whose number is a multiple of `epochs`.
bool Cadence::ends_each(std::int64_t epochs, std::int64_t step) const {
  return step % steps_per_epoch == 0 && epochs > 0 && step / steps_per_epoch % epochs == 0;
}

}  // namespace apps
