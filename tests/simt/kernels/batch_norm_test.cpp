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
/// Fewer channels than a block has threads, more, and many more; rows for one tile, and for more tiles than a block of
/// the second launch has threads.
const Size kSizes[] = {{0, 5},   {1, 1},    {1, 8},    {2, 3},    {9001, 1}, {257, 3},
                       {37, 24}, {300, 40}, {129, 64}, {70, 264}, {33, 515}};
/// In the scalar kernels a thread gets more than one row only from 262144 elements on.
constexpr Size kLarge{131, 2051};

/// The tolerance of sums over `rows`: the CPU adds 128 rows in f32, then in double; the device adds about as many in
/// f32.
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

void take_moments(const Twin& x, const Twin& moments) {
  on_both(cpu::batch_norm_moments, cuda::batch_norm_moments,
          [&](Side on) { return BatchNormMoments{.x = on(x), .moments = on(moments)}; });
}

}  // namespace

TEST_CASE("cuda batch_norm_moments equal the CPU's") {
  each_problem([](const Problem& problem) {
    const Twin moments({3, problem.size.channels}, Dtype::f64);
    take_moments(problem.x, moments);
    moments.expect_close(sum_tolerance(problem.size.rows));
  });
}

TEST_CASE("cuda batch_norm_moments: a mean a million times the deviation leaves the squares their digits") {
  Floats values = random_values(700 * 5, 1);
  for (float& value : values) value = 1e4f + 1e-2f * value;
  const Twin moments({3, 5}, Dtype::f64);
  take_moments(Twin({700, 5}, values), moments);
  const Floats expected = moments.from_cpu(), actual = moments.from_cuda();
  for (std::size_t c = 10; c < 15; ++c) CHECK(std::abs(actual[c] - expected[c]) <= 1e-5f * expected[c]);
  values[3001] = std::nanf("");
  const Twin bad({3, 5}, Dtype::f64);
  take_moments(Twin({700, 5}, values), bad);
  const Floats means = bad.from_cuda();
  for (std::size_t c = 0; c < 5; ++c) CHECK(std::isnan(means[5 + c]) == (c == 3001 % 5));
}

TEST_CASE("cuda batch_norm_merge equals the CPU's") {
  for (const std::int64_t channels : {1, 7, 300}) {
    for (const std::int64_t parts : {1, 2, 5}) {
      CAPTURE(channels);
      CAPTURE(parts);
      const Twin all({parts, 3, channels}, Dtype::f64), moments({3, channels}, Dtype::f64);
      const Twin x({9, channels}, random_values(9 * channels, 8));
      const auto part_of = [&](Side on, std::int64_t part) {
        const View view = on(all).narrow(part, 1);
        return View{view.data, view.dtype, {3, channels}};
      };
      for (std::int64_t part = 0; part < parts; ++part) {
        const std::int64_t rows = part == 1 ? 0 : 2 * part + 1;
        on_both(cpu::batch_norm_moments, cuda::batch_norm_moments,
                [&](Side on) { return BatchNormMoments{.x = on(x).narrow(0, rows), .moments = part_of(on, part)}; });
      }
      on_both(cpu::batch_norm_merge, cuda::batch_norm_merge,
              [&](Side on) { return BatchNormMerge{.parts = on(all), .moments = on(moments)}; });
      moments.expect_close(1e-6);
    }
  }
}

TEST_CASE("cuda batch_norm_finish equals the CPU's, with biased and unbiased variances, and without a row") {
  for (const std::int64_t channels : {1, 7, 300}) {
    for (const double rows : {0, 1, 2, 1000}) {
      for (const bool unbiased : {false, true}) {
        CAPTURE(channels);
        CAPTURE(rows);
        CAPTURE(unbiased);
        const Problem problem({1, channels}, Dtype::f32, Start::aligned);
        std::vector<double> values;
        for (int row = 0; row < 3; ++row) {
          for (const float value : random_values(channels, 15)) {
            values.push_back(row == 0 ? rows : rows == 0 ? 0 : row == 1 ? value : rows * value * value);
          }
        }
        const Twin moments({3, channels}, values), mean({channels}), inv_std({channels}),
            running_mean = problem.per_channel(6, 0), running_variance = problem.per_channel(7, 1),
            batches({}, std::vector<std::int64_t>{std::int64_t{1} << 33});
        on_both(cpu::batch_norm_finish, cuda::batch_norm_finish, [&](Side on) {
          return BatchNormFinish{.moments = on(moments),
                                 .mean = on(mean),
                                 .inv_std = on(inv_std),
                                 .running_mean = on(running_mean),
                                 .running_variance = on(running_variance),
                                 .batches = on(batches),
                                 .epsilon = 1e-5f,
                                 .momentum = 0.9f,
                                 .unbiased = unbiased};
        });
        batches.expect_equal();
        for (const Twin* twin : {&mean, &inv_std, &running_mean, &running_variance}) {
          twin->expect_close(tests::rounding(Dtype::f32));
        }
      }
    }
  }
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
    // The number of rows of all ranks: more than here.
    const Twin all_rows({1, channels},
                        std::vector<double>(static_cast<std::size_t>(channels), 3 * static_cast<double>(rows)));
    const Twin dy = problem.like_x(9), y = problem.like_x(10);
    struct Way {
      bool relu, has_y, has_beta, batch_statistics;
      std::optional<bool> dx, dresidual, dgamma;  // whether it accumulates; none if not wanted
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
                                      .rows = way.batch_statistics ? on(all_rows) : View(),
                                      .dx = to(way.dx, on(dx)),
                                      .dresidual = to(way.dresidual, on(dresidual)),
                                      .relu = way.relu};
      });
      dx.expect_close(tests::rounding(problem.dtype) + tolerance);
      dresidual.expect_close(tests::rounding(problem.dtype));
    }
  });
}
