#include "kernels/linear_evaluation.h"

#include <doctest/doctest.h>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda gather_rows copies the rows asked for") {
  for (const std::int64_t columns : {1, 3, 8, 131, 140}) {
    for (const std::int64_t count : {0, 1, 7, 20}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        std::vector<std::int32_t> rows;
        for (std::int64_t i = 0; i < count; ++i) rows.push_back(static_cast<std::int32_t>(5 * i % 13));
        const Twin x({13, columns}, random_values(13 * columns, 1), Dtype::f32, start), which({count}, rows),
            y({count, columns}, Dtype::f32, start);
        on_both(cpu::gather_rows, cuda::gather_rows,
                [&](Side on) { return GatherRows{.x = on(x), .rows = on(which), .y = on(y)}; });
        y.expect_equal();
      }
    }
  }
}

TEST_CASE("cuda rowwise_sgd moves each row at its own rate, as the CPU's does") {
  for (const std::int64_t columns : {1, 3, 8, 700}) {
    for (const std::int64_t count : {0, 1, 37}) {
      for (const Start start : {Start::aligned, Start::skewed}) {
        const auto matrix = [&](std::uint64_t seed) {
          return Twin({count, columns}, random_values(count * columns, seed), Dtype::f32, start);
        };
        const Twin value = matrix(1), velocity = matrix(2), gradient = matrix(3),
                   rates({count}, random_values(count, 4));
        on_both(cpu::rowwise_sgd, cuda::rowwise_sgd, [&](Side on) {
          return RowwiseSgd{.value = on(value),
                            .velocity = on(velocity),
                            .gradient = on(gradient),
                            .rates = on(rates),
                            .factor = 0.7f,
                            .momentum = 0.9f};
        });
        velocity.expect_close(4 * tests::rounding(Dtype::f32));
        value.expect_close(4 * tests::rounding(Dtype::f32));
      }
    }
  }
}

TEST_CASE("cuda rowwise_sgd: more elements than one turn of the grid") {
  constexpr std::int64_t kRows = 3, kColumns = 350001;  // threads of the widest grid: 262144
  const Twin value({kRows, kColumns}, random_values(kRows * kColumns, 1)),
      velocity({kRows, kColumns}, random_values(kRows * kColumns, 2)),
      gradient({kRows, kColumns}, random_values(kRows * kColumns, 3)), rates({kRows}, random_values(kRows, 4));
  on_both(cpu::rowwise_sgd, cuda::rowwise_sgd, [&](Side on) {
    return RowwiseSgd{.value = on(value),
                      .velocity = on(velocity),
                      .gradient = on(gradient),
                      .rates = on(rates),
                      .factor = 1,
                      .momentum = 0.5f};
  });
  value.expect_close(4 * tests::rounding(Dtype::f32));
}
