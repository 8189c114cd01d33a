#include "apps/train/due.h"

#include <doctest/doctest.h>

using apps::Cadence;
using apps::Due;

TEST_CASE(
    "due: records every so many steps and at the end of each epoch, the rest at the end of every so many epochs") {
  const Cadence cadence{.steps = 100, .steps_per_epoch = 8, .log_every = 3, .eval_every = 2, .ckpt_every = 3};
  CHECK(cadence.after(1, false) == Due{});
  CHECK(cadence.after(3, false) == Due{.logs = true});
  CHECK(cadence.after(8, false) == Due{.logs = true});
  CHECK(cadence.after(16, false) == Due{.logs = true, .evaluates = true});
  CHECK(cadence.after(24, false) == Due{.logs = true, .saves = true});
  CHECK(cadence.after(48, false) == Due{.logs = true, .evaluates = true, .saves = true});
}

TEST_CASE("due: the last step has everything, wherever in an epoch it is") {
  const Cadence cadence{.steps = 10, .steps_per_epoch = 8, .log_every = 7, .eval_every = 0, .ckpt_every = 0};
  CHECK(cadence.after(8, false) == Due{.logs = true});  // 0 epochs: only at the end
  CHECK(cadence.after(10, false) == Due{.logs = true, .evaluates = true, .saves = true});
}

TEST_CASE("due: who is asked to stop saves first") {
  const Cadence cadence{.steps = 10, .steps_per_epoch = 8, .log_every = 7, .eval_every = 1, .ckpt_every = 1};
  CHECK(cadence.after(2, true) == Due{.saves = true});
}
