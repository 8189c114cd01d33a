#include "kernels/training.h"

#include <doctest/doctest.h>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

TEST_CASE("cuda finish_step leaves the records and the status that the CPU's leaves") {
  const Twin loss({}, std::vector<float>{1.5f}), accuracy({}, std::vector<float>{0.25f});
  const Twin rates({6}, std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f});
  const Twin ring({2, kRecordScalars + 1}, std::vector<float>(2 * (kRecordScalars + 1), -1.0f));
  for (const std::int32_t flag : {std::int32_t{0}, kNonfiniteNow, kNonfiniteBefore}) {
    const Twin status({kStatusSize}, std::vector<std::int32_t>{1, flag});
    for (int call = 0; call < 3; ++call) {
      on_both(cpu::finish_step, cuda::finish_step, [&](Side on) {
        return FinishStep{.scalars = {on(loss), {}, on(accuracy)},
                          .learning_rates = on(rates),
                          .ring = on(ring),
                          .status = on(status)};
      });
      status.expect_equal();
      ring.expect_equal();
    }
  }
}
