#include "kernels/batch_norm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

namespace {

using Floats = std::vector<float>;

struct Size {
  std::int64_t rows, channels;
};
/// Fewer channels than a block has threads, more, and many more; rows for one tile and for more tiles than a block of
/// the second launch has threads for; not multiples of anything.
const Size kSizes[] = {{0, 5},   {1, 1},    {1, 8},    {2, 3},    {9001, 1}, {257, 3},
                       {37, 24}, {300, 40}, {129, 64}, {70, 264}, {33, 515}};
/// A thread of the scalar kernels takes more than one row only from 262144 elements on.
constexpr Size kLarge{131, 2051};

/// Of sums of so many rows: 128 in f32 on the CPU, then double; about as many on the device.
double sum_tolerance(std::int64_t rows) {
  return 8 * std::sqrt(static_cast<double>(rows + 1)) * tests::rounding(Dtype::f32);
}

struct Problem {
  Problem(Size s, Dtype type, Start begin, Start channel_begin = Start::aligned)
      : size(s), dtype(type), start(begin), channel_start(channel_begin) {}

  Twin like_x(std::uint64_t seed, float scale = 1, float shift = 0) const {
    Floats values = random_values(size.rows * size.channels, seed);
    for (float& value : values) value = value * scale + shift;
    return {shape, values, dtype, start};
  }
  Twin per_channel(std::uint64_t seed, float shift) const {
    Floats values = random_values(size.channels, seed);
    for (float& value : values) value = 0.5f * value + shift;
    return {{size.channels}, values, Dtype::f32, channel_start};
  }

  Size size;
  Dtype dtype;
  Start start, channel_start;
  Shape shape{size.rows, size.channels};
  Twin x = like_x(1), mean = per_channel(2, 0), inv_std = per_channel(3, 1.5f), gamma = per_channel(4, 0.5f),
       beta = per_channel(5, 0);
};

template <class Body>
void each_problem(const Body& body) {
  const auto run = [&](Size size, Dtype dtype, Start start) {
    CAPTURE(size.rows);
    CAPTURE(size.channels);
    CAPTURE(engine::name(dtype));
    CAPTURE(static_cast<int>(start));
    body(Problem(size, dtype, start));
  };
  for (const Size size : kSizes) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) run(size, dtype, Start::aligned);
  }
  run({37, 24}, Dtype::f32, Start::skewed);
  run({37, 24}, Dtype::bf16, Start::skewed);
  run(kLarge, Dtype::f32, Start::aligned);
  body(Problem({37, 24}, Dtype::f32, Start::aligned, Start::skewed));
}

/// What batch_norm_statistics writes, by both devices.
struct Statistics {
  Statistics(const Problem& problem, const Twin& x, bool unbiased)
      : mean({problem.size.channels}),
        inv_std({problem.size.channels}),
        running_mean(problem.per_channel(6, 0)),
        running_variance(problem.per_channel(7, 1)),
        batches({}, std::vector<std::int64_t>{41}) {
    on_both(cpu::batch_norm_statistics, cuda::batch_norm_statistics, [&](Side on) {
      return BatchNormStatistics{.x = on(x),
                                 .mean = on(mean),
                                 .inv_std = on(inv_std),
                                 .running_mean = on(running_mean),
                                 .running_variance = on(running_variance),
                                 .batches = on(batches),
                                 .epsilon = 1e-5f,
                                 .momentum = 0.9f,
                                 .unbiased = unbiased};
    });
  }

  void expect_close(const Problem& problem, double tolerance) const {
    batches.expect_equal();
    if (problem.size.rows > 0) {
      mean.expect_close(tolerance);
      inv_std.expect_close(tolerance);
    }
    running_mean.expect_close(tolerance);
    running_variance.expect_close(tolerance);
  }

  Twin mean, inv_std, running_mean, running_variance, batches;
};

}  // namespace

TEST_CASE("cuda batch_norm_statistics equal the CPU's") {
  each_problem([](const Problem& problem) {
    for (const bool unbiased : {false, true}) {
      Statistics(problem, problem.x, unbiased).expect_close(problem, sum_tolerance(problem.size.rows));
    }
  });
}

TEST_CASE("cuda batch_norm_statistics: a mean far from zero leaves the variance as it is") {
  const Problem problem({700, 5}, Dtype::f32, Start::aligned);
  // Around 1000, and exact in f32. Squares around 0 would lose the variance: 1000^2 rounds to 2^-4, and it is 2^-6.
  Floats values = random_values(700 * 5, 1);
  for (float& value : values) value = 1000 + std::round(value * 64) / 256;
  const Twin x(problem.shape, values);
  Statistics(problem, x, false).expect_close(problem, sum_tolerance(700));
  values[3001] = std::nanf("");
  const Twin bad(problem.shape, values);
  Statistics(problem, bad, false).mean.expect_close(1e-6);  // NaN where the CPU has it
}

TEST_CASE("cuda batch_norm_running takes the averages") {
  for (const std::int64_t channels : {1, 7, 300}) {
    const Problem problem({1, channels}, Dtype::f32, Start::aligned);
    const Twin mean({channels}), inv_std({channels});
    on_both(cpu::batch_norm_running, cuda::batch_norm_running, [&](Side on) {
      return BatchNormRunning{.running_mean = on(problem.mean),
                              .running_variance = on(problem.inv_std),
                              .mean = on(mean),
                              .inv_std = on(inv_std),
                              .epsilon = 1e-3f};
    });
    mean.expect_equal();
    inv_std.expect_close(tests::rounding(Dtype::f32) * 4);
  }
}

TEST_CASE("cuda batch_norm_apply equals the CPU's, with and without beta, residual and ReLU") {
  each_problem([](const Problem& problem) {
    const Twin residual = problem.like_x(8);
    for (const bool relu : {false, true}) {
      for (const bool has_residual : {false, true}) {
        for (const bool has_beta : {false, true}) {
          CAPTURE(relu);
          CAPTURE(has_residual);
          CAPTURE(has_beta);
          const Twin y(problem.shape, problem.dtype, problem.start);
          on_both(cpu::batch_norm_apply, cuda::batch_norm_apply, [&](Side on) {
            return BatchNormApply{.x = on(problem.x),
                                  .residual = has_residual ? on(residual) : View(),
                                  .mean = on(problem.mean),
                                  .inv_std = on(problem.inv_std),
                                  .gamma = on(problem.gamma),
                                  .beta = has_beta ? on(problem.beta) : View(),
                                  .y = on(y),
                                  .relu = relu};
          });
          y.expect_close(tests::rounding(problem.dtype) + 4 * tests::rounding(Dtype::f32));
        }
      }
    }
  });
}

TEST_CASE("cuda batch_norm_backward equals the CPU's, sums and gradients, wherever they go") {
  each_problem([](const Problem& problem) {
    const std::int64_t rows = problem.size.rows, channels = problem.size.channels;
    const Twin dy = problem.like_x(9), y = problem.like_x(10);
    struct Way {
      bool relu, has_y, has_beta, batch_statistics;
      std::optional<bool> dx, dresidual, dgamma;  // accumulate, where wanted
      bool dbeta;
    };
    const Way ways[] = {
        {false, false, true, true, false, {}, false, false},   {true, false, true, true, false, {}, {}, true},
        {true, true, true, true, false, false, true, true},    {true, false, false, true, true, false, true, false},
        {true, true, true, true, false, true, false, true},    {false, true, true, false, true, {}, false, true},
        {true, false, true, false, false, true, false, false}, {true, true, false, false, {}, true, {}, false},
        {false, false, true, true, true, true, true, true}};
    for (const Way& way : ways) {
      CAPTURE(&way - ways);
      const Twin sums({2, channels}, Dtype::f32), dgamma = problem.per_channel(11, 0),
                                                  dbeta = problem.per_channel(12, 0), dx = problem.like_x(13),
                                                  dresidual = problem.like_x(14);
      const auto to = [](std::optional<bool> wanted, View view) {
        return wanted ? Destination{view, *wanted} : Destination{};
      };
      on_both(cpu::batch_norm_backward_sums, cuda::batch_norm_backward_sums, [&](Side on) {
        return BatchNormBackwardSums{.x = on(problem.x),
                                     .dy = on(dy),
                                     .y = way.has_y ? on(y) : View(),
                                     .mean = on(problem.mean),
                                     .inv_std = on(problem.inv_std),
                                     .gamma = on(problem.gamma),
                                     .beta = way.has_beta ? on(problem.beta) : View(),
                                     .sums = on(sums),
                                     .dgamma = to(way.dgamma, on(dgamma)),
                                     .dbeta = {on(dbeta), way.dbeta},
                                     .relu = way.relu};
      });
      const double tolerance = sum_tolerance(rows);
      for (const Twin* twin : {&sums, &dgamma, &dbeta}) twin->expect_close(tolerance);
      on_both(cpu::batch_norm_backward_apply, cuda::batch_norm_backward_apply, [&](Side on) {
        return BatchNormBackwardApply{.x = on(problem.x),
                                      .dy = on(dy),
                                      .y = way.has_y ? on(y) : View(),
                                      .mean = on(problem.mean),
                                      .inv_std = on(problem.inv_std),
                                      .gamma = on(problem.gamma),
                                      .beta = way.has_beta ? on(problem.beta) : View(),
                                      .sums = way.batch_statistics ? on(sums) : View(),
                                      .dx = to(way.dx, on(dx)),
                                      .dresidual = to(way.dresidual, on(dresidual)),
                                      .relu = way.relu,
                                      .batch_statistics = way.batch_statistics};
      });
      dx.expect_close(tests::rounding(problem.dtype) + tolerance);
      dresidual.expect_close(tests::rounding(problem.dtype));
    }
  });
}
