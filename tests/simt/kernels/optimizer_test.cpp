#include "kernels/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Twin;

namespace {

using Floats = std::vector<float>;

/// Parameters of odd sizes; empty ones at the start, in the middle and at the end. Runs of blocks end within warps and
/// within chunks, and one run is longer than a chunk.
const std::vector<std::int64_t> kManySizes{0, 1, 33, 7, 2097, 31, 32, 0, 0, 2, 10011, 64, 3, 131, 6576, 13, 0};
constexpr float kMomentum = 0.9f;

struct Problem {
  explicit Problem(const std::vector<std::int64_t>& sizes, float bad = 0, bool with_shadow = false)
      : has_shadow(with_shadow),
        segments(static_cast<std::int64_t>(sizes.size())),
        of_block(blocks_of(sizes)),
        elements(static_cast<std::int64_t>(of_block.size()) * kSegmentBlock),
        blocks({static_cast<std::int64_t>(of_block.size())}, of_block),
        gradient(flat(sizes, 1, bad)),
        value(flat(sizes, 2)),
        first(flat(sizes, 3)),
        second(flat(sizes, 4)),
        shadow({elements}, Dtype::bf16),
        decay(settings(0.01f)),
        penalty(settings(0.02f)),
        trust(settings(0.25f)) {}

  static std::vector<std::int32_t> blocks_of(const std::vector<std::int64_t>& sizes) {
    std::vector<std::int32_t> result;
    for (std::size_t s = 0; s < sizes.size(); ++s) {
      result.resize(result.size() + static_cast<std::size_t>((sizes[s] + kSegmentBlock - 1) / kSegmentBlock),
                    static_cast<std::int32_t>(s));
    }
    return result;
  }
  Twin flat(const std::vector<std::int64_t>& sizes, std::uint64_t seed, float bad = 0) const {
    Floats values;
    for (const std::int64_t size : sizes) {
      const Floats part = random_values(size, seed);
      for (const float x : part) values.push_back(seed == 4 ? std::abs(x) : x);
      values.resize((values.size() + kSegmentBlock - 1) / kSegmentBlock * kSegmentBlock);
    }
    if (bad != 0) values[values.size() / 2] = bad;
    return {{elements}, values};
  }
  /// The value of each segment: 0, step, 2 step, 0, ...
  Twin settings(float step) const {
    Floats values;
    for (std::int64_t s = 0; s < segments; ++s) values.push_back(static_cast<float>(s % 3) * step);
    return {{segments}, values};
  }

  Update update(Side on) const {
    return {.value = on(value),
            .gradient = on(gradient),
            .shadow = has_shadow ? on(shadow) : View{},
            .blocks = on(blocks),
            .decay = on(decay),
            .learning_rates = on(rates),
            .status = on(status)};
  }
  void compute_norms() const {
    on_both(cpu::gradient_norm, cuda::gradient_norm, [&](Side on) {
      return GradientNorm{.gradient = on(gradient),
                          .value = on(value),
                          .blocks = on(blocks),
                          .decay = on(decay),
                          .penalty = on(penalty),
                          .loss = on(loss),
                          .norms = on(norms),
                          .segment_norms = on(segment_norms),
                          .status = on(status)};
    });
  }
  void expect_same(double tolerance) const {
    for (const Twin* twin : {&value, &first, &second}) twin->expect_close(tolerance);
    if (has_shadow)
      shadow.expect_close(tolerance + tests::rounding(Dtype::bf16));  // equal but where rounding tips over
  }

  bool has_shadow;
  std::int64_t segments;
  std::vector<std::int32_t> of_block;
  std::int64_t elements;
  Twin blocks, gradient, value, first, second, shadow, decay, penalty, trust;
  Twin rates{{3}, Floats{0.5f, 0.2f, 0.1f}}, status{{kStatusSize}, std::vector<std::int32_t>{1, 0}};
  Twin loss{{}, Floats{2}}, norms{{2}}, segment_norms{{segments, 2}};
};

}  // namespace

TEST_CASE("cuda gradient_norm equals the CPU's, however segments lie in warps and chunks") {
  const std::vector<std::int64_t> one_per_block(300, 5), empty{0, 0}, exact{32, 8160, 8192};
  for (const auto& sizes : {kManySizes, {1}, {40000}, one_per_block, exact, empty, {}}) {
    CAPTURE(sizes.size());
    const Problem problem(sizes);
    problem.compute_norms();
    // Blocks of 32 are summed in f32; blocks are summed in double.
    problem.norms.expect_close(1e-6);
    problem.segment_norms.expect_close(1e-6);
    problem.status.expect_equal();
  }
}

TEST_CASE("cuda optimizers move parameters as the CPU's do") {
  for (const auto& sizes : {kManySizes, {1}, {}}) {
    CAPTURE(sizes.size());
    const bool with_shadow = sizes.size() != 1;
    const Problem with_adam(sizes, 0, with_shadow);
    on_both(cpu::adam, cuda::adam, [&](Side on) {
      return Adam{.update = with_adam.update(on),
                  .first_moment = on(with_adam.first),
                  .second_moment = on(with_adam.second),
                  .beta1 = 0.8f,
                  .beta2 = 0.99f,
                  .epsilon = 1e-3f};
    });
    with_adam.expect_same(1e-6);
    for (const bool nesterov : {false, true}) {
      for (const bool rate_in_velocity : {false, true}) {
        const Problem with_sgd(sizes, 0, with_shadow);
        on_both(cpu::sgd, cuda::sgd, [&](Side on) {
          return Sgd{.update = with_sgd.update(on),
                     .velocity = on(with_sgd.first),
                     .momentum = kMomentum,
                     .nesterov = nesterov,
                     .rate_in_velocity = rate_in_velocity};
        });
        with_sgd.expect_same(1e-6);
      }
    }
    const Problem with_lars(sizes, 0, with_shadow);
    with_lars.compute_norms();
    on_both(cpu::lars, cuda::lars, [&](Side on) {
      return Lars{.update = with_lars.update(on),
                  .velocity = on(with_lars.first),
                  .trust = on(with_lars.trust),
                  .segment_norms = on(with_lars.segment_norms),
                  .momentum = kMomentum};
    });
    with_lars.expect_same(2e-6);
  }
}

TEST_CASE("cuda optimizers: what is not finite is found, and nothing moves after it") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const Problem problem(kManySizes, bad);
    const Floats before = problem.value.from_cuda();
    problem.compute_norms();
    problem.status.expect_equal();
    CHECK(problem.status.from_cuda()[kStatusNonfinite] == kNonfiniteNow);
    on_both(cpu::sgd, cuda::sgd, [&](Side on) {
      return Sgd{.update = problem.update(on), .velocity = on(problem.first), .momentum = kMomentum, .nesterov = true};
    });
    CHECK(problem.value.from_cuda() == before);
    problem.expect_same(0);
  }
}
