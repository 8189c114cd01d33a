#include "kernels/training.h"

#include <doctest/doctest.h>

#include <deque>

#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::Side;
using tests::Twin;

TEST_CASE("cuda finish_step leaves the records and the status that the CPU's leaves") {
  const Twin rates({6}, std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f});
  for (const int count : {0, 3, kMostRecordScalars}) {
    CAPTURE(count);
    std::deque<Twin> scalars;  // a twin must not move
    for (int i = 0; i < count; ++i) scalars.emplace_back(engine::Shape(), std::vector<float>{static_cast<float>(i)});
    const Twin ring({2, count + 1}, std::vector<float>(static_cast<std::size_t>(2 * (count + 1)), -1.0f));
    for (const std::int32_t flag : {std::int32_t{0}, kNonfiniteNow, kNonfiniteBefore}) {
      const Twin status({kStatusSize}, std::vector<std::int32_t>{1, flag});
      for (int call = 0; call < 3; ++call) {
        on_both(cpu::finish_step, cuda::finish_step, [&](Side on) {
          FinishStep args{.scalars = {}, .learning_rates = on(rates), .ring = on(ring), .status = on(status)};
          for (int i = 0; i < count; ++i) args.scalars[i] = on(scalars[static_cast<std::size_t>(i)]);
          return args;
        });
        status.expect_equal();
        ring.expect_equal();
      }
    }
  }
}
