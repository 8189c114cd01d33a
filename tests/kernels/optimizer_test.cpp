#include "kernels/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr std::size_t kSizes[] = {1, 33, 7, 8197, 31, 32, 0, 2, 20011, 64, 3, 131, 24576, 13};
constexpr std::size_t kSegments = std::size(kSizes);
constexpr std::size_t kZeroWeights = 4, kZeroGradients = 9;
constexpr float kMomentum = 0.9f, kBeta1 = 0.8f, kBeta2 = 0.99f, kEpsilon = 1e-3f;
const Floats kRates{0.1f, 0.0f, 0.3f};

/// Parameters of odd sizes in flat buffers, each with its own settings.
struct Problem {
  explicit Problem(const Context& on) : context(on) {
    std::vector<std::int32_t> of_block;
    for (std::size_t s = 0; s < kSegments; ++s) {
      offsets.push_back(of_block.size() * kernels::kSegmentBlock);
      of_block.resize(of_block.size() + (kSizes[s] + kernels::kSegmentBlock - 1) / kernels::kSegmentBlock,
                      static_cast<std::int32_t>(s));
      decays.push_back(s % 3 == 0 ? 0.0f : 0.01f * static_cast<float>(s));
      penalties.push_back(s % 2 == 0 ? 0.0f : 0.02f);
      trusts.push_back(s % 4 == 0 && s != kZeroWeights ? 0.0f : 0.5f);
    }
    elements = of_block.size() * kernels::kSegmentBlock;
    blocks = Tensor::from(context, {static_cast<std::int64_t>(of_block.size())}, of_block);
    decay = settings(decays), penalty = settings(penalties), trust = settings(trusts);
    rates = settings(kRates);
    loss = Tensor::zeros(context, {});
    status = Tensor::from(context, {2}, std::vector<std::int32_t>{0, 0});
    gradient = flat(0), value = flat(100);
  }

  Tensor settings(const Floats& values) const {
    return Tensor::from(context, {static_cast<std::int64_t>(values.size())}, values);
  }
  Floats flat_values(std::uint64_t seed) const {
    Floats values(elements);
    for (std::size_t s = 0; s < kSegments; ++s) {
      const bool zero = s == (seed < 100 ? kZeroGradients : kZeroWeights);
      const Floats part = tests::random_values(static_cast<std::int64_t>(kSizes[s]), seed + s);
      if (!zero) std::copy(part.begin(), part.end(), values.begin() + static_cast<std::ptrdiff_t>(offsets[s]));
    }
    return values;
  }
  Tensor flat(std::uint64_t seed) const { return settings(flat_values(seed)); }
  void set_step(int t) {
    gradient = flat(20 * static_cast<std::uint64_t>(t));
    status.upload<std::int32_t>(std::vector<std::int32_t>{t, 0});
  }
  kernels::GradientNorm norm_arguments(const View& norms, const View& segment_norms) const {
    return {.gradient = gradient,
            .value = value,
            .blocks = blocks,
            .decay = decay,
            .penalty = penalty,
            .loss = loss,
            .norms = norms,
            .segment_norms = segment_norms,
            .status = status};
  }
  kernels::Update update(const View& moved, const View& shadow = {}) const {
    return {.value = moved,
            .gradient = gradient,
            .shadow = shadow,
            .blocks = blocks,
            .decay = decay,
            .learning_rates = rates,
            .status = status};
  }

  const Context& context;
  std::vector<std::size_t> offsets;
  Floats decays, penalties, trusts;
  std::size_t elements = 0;
  Tensor gradient, value, blocks, decay, penalty, trust, rates, loss, status;
};

/// Calls element(segment, index) for all elements of all parameters.
template <class Element>
void for_each_element(const Problem& problem, Element&& element) {
  for (std::size_t s = 0; s < kSegments; ++s)
    for (std::size_t i = problem.offsets[s]; i < problem.offsets[s] + kSizes[s]; ++i) element(s, i);
}

Doubles to_doubles(const Tensor& x) {
  const Floats values = x.to_host<float>();
  return {values.begin(), values.end()};
}

/// {|w|, |g|} of every segment, in double.
Doubles plain_segment_norms(const Problem& problem, const Doubles& w, const Doubles& gradient) {
  Doubles norms(2 * kSegments);
  for_each_element(problem, [&](std::size_t s, std::size_t i) {
    const double g = gradient[i] + problem.decays[s] * w[i];
    norms[2 * s] += w[i] * w[i];
    norms[2 * s + 1] += g * g;
  });
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

enum class Kind { adam, sgd, nesterov, keras, keras_nesterov, lars };
constexpr Kind kKinds[] = {Kind::adam, Kind::sgd, Kind::nesterov, Kind::keras, Kind::keras_nesterov, Kind::lars};

bool looks_ahead(Kind kind) { return kind == Kind::nesterov || kind == Kind::keras_nesterov; }
bool rate_in_velocity(Kind kind) { return kind == Kind::keras || kind == Kind::keras_nesterov; }

/// Returns the values and the velocity (or both moments) after three steps with the kernels. Checks that the shadow
/// holds the rounded values.
std::vector<Floats> kernel_steps(Problem& problem, Kind kind) {
  const GuardedTensor value(problem.value), first(Tensor::zeros(problem.context, problem.value.shape())),
      second(Tensor::zeros(problem.context, problem.value.shape())),
      shadow(problem.context, problem.value.shape(), Dtype::bf16);
  for (int t = 0; t < 3; ++t) {
    problem.set_step(t);
    const GuardedTensor norms(problem.context, {2}), segment_norms(problem.context, {kSegments, 2});
    kernels::GradientNorm arguments = problem.norm_arguments(norms, segment_norms);
    arguments.value = View(value);
    kernels::gradient_norm(problem.context, arguments);
    const kernels::Update update = problem.update(value, shadow);
    if (kind == Kind::adam) {
      kernels::adam(problem.context, {.update = update,
                                      .first_moment = first,
                                      .second_moment = second,
                                      .beta1 = kBeta1,
                                      .beta2 = kBeta2,
                                      .epsilon = kEpsilon});
    } else if (kind == Kind::lars) {
      kernels::lars(problem.context, {.update = update,
                                      .velocity = first,
                                      .trust = problem.trust,
                                      .segment_norms = segment_norms.checked(),
                                      .momentum = kMomentum});
    } else {
      kernels::sgd(problem.context, {.update = update,
                                     .velocity = first,
                                     .momentum = kMomentum,
                                     .nesterov = looks_ahead(kind),
                                     .rate_in_velocity = rate_in_velocity(kind)});
    }
  }
  Floats rounded = value.checked().to_host<float>();
  for (float& w : rounded) w = bf16(w);
  CHECK(tests::to_floats(shadow.checked()) == rounded);
  return {value.checked().to_host<float>(), first.checked().to_host<float>(), second.checked().to_host<float>()};
}

std::vector<Doubles> plain_steps(Problem& problem, Kind kind) {
  Doubles w = to_doubles(problem.value), first(w.size()), second(w.size());
  for (int t = 0; t < 3; ++t) {
    problem.set_step(t);
    const Doubles gradient = to_doubles(problem.gradient), norms = plain_segment_norms(problem, w, gradient);
    const double lr = kRates[static_cast<std::size_t>(t)];
    for_each_element(problem, [&](std::size_t s, std::size_t i) {
      const double g = gradient[i] + problem.decays[s] * w[i];
      if (kind == Kind::adam) {
        first[i] = kBeta1 * first[i] + (1.0 - kBeta1) * g;
        second[i] = kBeta2 * second[i] + (1.0 - kBeta2) * g * g;
        const double correction = std::sqrt(1 - std::pow(kBeta2, t + 1.0)) / (1 - std::pow(kBeta1, t + 1.0));
        w[i] -= lr * correction * first[i] / (std::sqrt(second[i]) + kEpsilon);
      } else if (kind == Kind::lars) {
        const bool adapts = problem.trusts[s] > 0 && norms[2 * s] > 0 && norms[2 * s + 1] > 0;
        first[i] = kMomentum * first[i] + lr * (adapts ? problem.trusts[s] * norms[2 * s] / norms[2 * s + 1] : 1) * g;
        w[i] -= first[i];
      } else {
        const double inside = rate_in_velocity(kind) ? lr : 1, outside = rate_in_velocity(kind) ? 1 : lr;
        first[i] = kMomentum * first[i] + inside * g;
        w[i] -= outside * (looks_ahead(kind) ? inside * g + kMomentum * first[i] : first[i]);
      }
    });
  }
  return {w, first, second};
}

}  // namespace

TEST_CASE("gradient_norm kernel: all norms equal the plain loops, with any number of threads") {
  std::vector<Floats> results;
  for (const int threads : {1, 2, 1}) {
    const Context context = kernels::make_context({.device = {}, .threads = threads});
    const Problem problem(context);
    const GuardedTensor norms(context, {2}), segment_norms(context, {kSegments, 2});
    kernels::gradient_norm(context, problem.norm_arguments(norms, segment_norms));
    const Doubles expected = plain_segment_norms(problem, to_doubles(problem.value), to_doubles(problem.gradient));
    double squares = 0, penalties = 0;
    for (std::size_t s = 0; s < kSegments; ++s) {
      squares += expected[2 * s + 1] * expected[2 * s + 1];
      penalties += problem.penalties[s] * expected[2 * s] * expected[2 * s];
    }
    // Each block of 32 is summed in f32; blocks are summed in double.
    tests::expect_close(norms.checked().to_host<float>(), {std::sqrt(squares), penalties}, 1e-6);
    tests::expect_close(segment_norms.checked().to_host<float>(), expected, 1e-6);
    CHECK(expected[2 * kZeroWeights] == 0);
    results.push_back(norms.checked().to_host<float>());
    results.push_back(segment_norms.checked().to_host<float>());
    CHECK(results[results.size() - 2] == results[0]);
    CHECK(results.back() == results[1]);
  }
}

TEST_CASE("optimizer kernels: three steps equal the plain loops, with any number of threads, and keep the padding") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    std::vector<Floats> before;
    for (const int threads : {1, 2, 1}) {
      const Context context = kernels::make_context({.device = {}, .threads = threads});
      Problem problem(context);
      const std::vector<Floats> results = kernel_steps(problem, kind);
      const std::vector<Doubles> expected = plain_steps(problem, kind);
      for (std::size_t i = 0; i < 3; ++i) tests::expect_close(results[i], expected[i], 3e-6);
      std::vector<bool> padding(problem.elements, true);
      for_each_element(problem, [&](std::size_t, std::size_t i) { padding[i] = false; });
      for (std::size_t i = 0; i < padding.size(); ++i) {
        if (padding[i] && (results[0][i] != 0 || results[1][i] != 0)) FAIL("padding moved");
      }
      if (!before.empty()) CHECK(results == before);
      before = results;
    }
  }
}

TEST_CASE("optimizer kernels: a value that is not finite, wherever it is, is found, and nothing moves after it") {
  const Context context = kernels::make_context();
  Problem problem(context);
  const GuardedTensor norms(context, {2}), segment_norms(context, {kSegments, 2});
  const auto state = [&] { return problem.status.to_host<std::int32_t>()[kernels::kStatusNonfinite]; };
  kernels::gradient_norm(context, problem.norm_arguments(norms, segment_norms));
  CHECK(state() == 0);
  const std::size_t places[] = {problem.offsets[0], problem.offsets[8] + 9999, problem.offsets[13] + 12};
  for (const std::size_t place : places) {
    for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
      Floats values = problem.flat_values(0);
      values[place] = bad;
      problem.gradient.upload<float>(values);
      problem.status.upload<std::int32_t>(std::vector<std::int32_t>{0, 0});
      kernels::gradient_norm(context, problem.norm_arguments(norms, segment_norms));
      CHECK(state() == kernels::kNonfiniteNow);
    }
  }
  const Tensor value = problem.flat(100), first = problem.flat(1), second = problem.flat(2);
  const kernels::Update update = problem.update(value);
  kernels::adam(context, {.update = update,
                          .first_moment = first,
                          .second_moment = second,
                          .beta1 = kBeta1,
                          .beta2 = kBeta2,
                          .epsilon = kEpsilon});
  kernels::sgd(context, {.update = update, .velocity = first, .momentum = kMomentum, .nesterov = true});
  kernels::lars(context, {.update = update,
                          .velocity = first,
                          .trust = problem.trust,
                          .segment_norms = segment_norms.checked(),
                          .momentum = kMomentum});
  CHECK(value.to_host<float>() == problem.flat_values(100));
  CHECK(first.to_host<float>() == problem.flat_values(1));
  CHECK(second.to_host<float>() == problem.flat_values(2));
}
