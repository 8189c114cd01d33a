#include "kernels/epps_pulley.h"

#include <algorithm>
#include <array>

#include "kernels/cpu/loops.h"
#include "kernels/cpu/sin_cos.h"

namespace kernels::cpu {
namespace {

using Vectors = HarmonicGroup<Floats>;
constexpr int kMostGroups = (kMostKnots - 1) / kHarmonics;

/// The first group: cos ja and sin ja, j = 1 .. 4, from the sine and cosine of a.
Vectors first_harmonics(const SineCosine& a) {
  const Floats s1 = a.sine, c1 = a.cosine;
  const Floats c2 = 1.0f - 2.0f * s1 * s1, s2 = 2.0f * s1 * c1;
  const Floats twice = 2.0f * c2;
  return {.cosine = {c1, c2, twice * c1 - c1, 1.0f - 2.0f * s2 * s2}, .sine = {s1, s2, twice * s1 + s1, twice * s2}};
}

/// Samples are taken in blocks whose harmonics stay in the first-level cache.
constexpr int kBlock = 16;  // vectors

struct Block {
  Vectors first[kBlock];
  Floats before[kBlock], factor[kBlock];  // m_{g-1} and m_g of the next group to add
};

/// Adds the first group's harmonics of `vectors` vectors of samples to `sum`, and keeps them in the block.
template <class SineCosineOf>
void begin_block(const float* x, int vectors, float spacing, Block& block, Vectors& sum,
                 const SineCosineOf& sine_cosine) {
  Vectors total = sum;
  for (int v = 0; v < vectors; ++v) {
    const Vectors h = first_harmonics(sine_cosine(load(x + v * kLanes) * spacing));
    for (int j = 0; j < kHarmonics; ++j) total.cosine[j] += h.cosine[j], total.sine[j] += h.sine[j];
    block.first[v] = h;
    block.before[v] = broadcast(1);
    block.factor[v] = h.cosine[kHarmonics - 1];
  }
  sum = total;
}

/// Adds m_g cos ja and m_g sin ja of the block to the sum of the next group.
void add_group(int vectors, Block& block, Vectors& sum) {
  Vectors total = sum;
  for (int v = 0; v < vectors; ++v) {
    const Vectors& h = block.first[v];
    const Floats factor = block.factor[v];
    for (int j = 0; j < kHarmonics; ++j) total.cosine[j] += factor * h.cosine[j], total.sine[j] += factor * h.sine[j];
    block.factor[v] = 2.0f * h.cosine[kHarmonics - 1] * factor - block.before[v];
    block.before[v] = factor;
  }
  sum = total;
}

/// constant + sum over groups and j of m_g (coefficient of cos ja + coefficient of sin ja) for one vector.
Floats evaluate(const Vectors& h, const HarmonicGroup<float>* coefficients, int groups, float constant) {
  Vectors total;
  for (int j = 0; j < kHarmonics; ++j) {
    total.cosine[j] = broadcast(coefficients[0].cosine[j]);
    total.sine[j] = broadcast(coefficients[0].sine[j]);
  }
  const Floats step = 2.0f * h.cosine[kHarmonics - 1];
  Floats before = broadcast(1), factor = h.cosine[kHarmonics - 1];
  for (int g = 1; g < groups; ++g) {
    for (int j = 0; j < kHarmonics; ++j) {
      total.cosine[j] += factor * coefficients[g].cosine[j];
      total.sine[j] += factor * coefficients[g].sine[j];
    }
    const Floats next = step * factor - before;
    before = factor, factor = next;
  }
  Floats result = broadcast(constant);
  for (int j = 0; j < kHarmonics; ++j) result += total.cosine[j] * h.cosine[j] + total.sine[j] * h.sine[j];
  return result;
}

typedef float Four __attribute__((vector_size(16)));

/// The sum of vectors, in double but for the lanes that are four apart.
struct QuarteredSum {
  double quarter[4] = {};

  void operator+=(Floats values) {
    const auto quarters = std::bit_cast<std::array<Four, kLanes / 4>>(values);
    Four total = quarters[0];
    for (std::size_t i = 1; i < quarters.size(); ++i) total += quarters[i];
    for (int i = 0; i < 4; ++i) quarter[i] += static_cast<double>(total[i]);
  }
  double total() const { return (quarter[0] + quarter[1]) + (quarter[2] + quarter[3]); }
};

/// Whether sin_cos takes every angle: none is NaN or infinite, either.
bool moderate(const float* x, std::int64_t n, float spacing) {
  Ints vectors{};
  bool rest = false;
  for_each_vector(n, [&]<class V>(std::int64_t i, V) {
    const V angle = load_as<V>(x + i) * spacing;
    if constexpr (std::is_same_v<V, Floats>) {
      vectors |= ~((angle <= kLargestAngle) & (angle >= -kLargestAngle));
    } else {
      rest |= !(angle <= kLargestAngle && angle >= -kLargestAngle);
    }
  });
  for (int lane = 0; lane < kLanes; ++lane) rest |= vectors[lane] != 0;
  return !rest;
}

/// The samples of one group, in whole vectors: the last ones are completed with zeros in memory of their own.
class Samples {
 public:
  Samples(float* x, std::int64_t n) : x_(x), n_(n), whole_(n / kLanes * kLanes) {
    std::copy(x + whole_, x + n, rest_.begin());
  }

  /// body(first sample, number of vectors) for blocks in order.
  template <class Body>
  void blocks(const Body& body) {
    for (std::int64_t i = 0; i < whole_; i += kBlock * kLanes) {
      body(x_ + i, static_cast<int>(std::min<std::int64_t>(whole_ - i, kBlock * kLanes)) / kLanes);
    }
    if (whole_ < n_) body(rest_.data(), 1);
  }
  std::int64_t zeros() const { return whole_ < n_ ? kLanes - (n_ - whole_) : 0; }
  /// Copies what a body wrote behind the whole vectors.
  void finish() { std::copy_n(rest_.begin(), n_ - whole_, x_ + whole_); }

 private:
  float* x_;
  std::int64_t n_, whole_;
  std::array<float, kLanes> rest_{};
};

class Test {
 public:
  Test(const EppsPulley& args)
      : knots_(args.knots, args.t_max), groups_(knots_.harmonic_groups()), gradient_factor_(args.gradient_factor) {}

  /// The statistic of n samples, which may become its gradient.
  template <class SineCosineOf>
  double run(float* x, std::int64_t n, const SineCosineOf& sine_cosine) {
    Samples samples(x, n);
    HarmonicGroup<double> terms[kMostGroups] = {};
    add_up(samples, sine_cosine, terms);
    for (int g = 0; g < groups_; ++g) {  // the cosines of zeros are 1, also as products
      for (double& cosine : terms[g].cosine) cosine -= static_cast<double>(samples.zeros());
    }
    to_harmonic_sums(terms, groups_, static_cast<double>(n));
    double statistic = 0;
    for (int k = 0; k < groups_ * kHarmonics; ++k) {
      double &cosine = terms[k / kHarmonics].cosine[k % kHarmonics], &sine = terms[k / kHarmonics].sine[k % kHarmonics];
      if (k < knots_.count) {
        statistic += knots_.compare(k, static_cast<double>(n), gradient_factor_, cosine, sine);
      } else {
        cosine = sine = 0;  // completes the last group
      }
    }
    if (gradient_factor_ == 0) return statistic;

    const auto constant = static_cast<float>(to_product_coefficients(terms, groups_));
    HarmonicGroup<float> coefficients[kMostGroups];
    for (int g = 0; g < groups_; ++g) {
      for (int j = 0; j < kHarmonics; ++j) {
        coefficients[g].cosine[j] = static_cast<float>(terms[g].cosine[j]);
        coefficients[g].sine[j] = static_cast<float>(terms[g].sine[j]);
      }
    }
    samples.blocks([&](float* at, int vectors) {
      for (int v = 0; v < vectors; ++v, at += kLanes) {
        const Vectors h = first_harmonics(sine_cosine(load(at) * knots_.spacing));
        store(at, evaluate(h, coefficients, groups_, constant));
      }
    });
    samples.finish();
    return statistic;
  }

  double run(float* x, std::int64_t n) {
    return moderate(x, n, knots_.spacing) ? run(x, n, [](Floats a) { return sin_cos(a); })
                                          : run(x, n, [](Floats a) { return sin_cos_of_any(a); });
  }

 private:
  /// Lanes are added up in f32 over a limited number of blocks, then in double.
  template <class SineCosineOf>
  void add_up(Samples& samples, const SineCosineOf& sine_cosine, HarmonicGroup<double>* totals) {
    constexpr int kMostBlocks = 16;
    Block block;
    Vectors sums[kMostGroups];
    HarmonicGroup<QuarteredSum> quarters[kMostGroups];
    int blocks = 0;
    const auto take = [&] {
      for (int g = 0; g < groups_; ++g) {
        for (int j = 0; j < kHarmonics; ++j) {
          quarters[g].cosine[j] += sums[g].cosine[j];
          quarters[g].sine[j] += sums[g].sine[j];
        }
      }
      blocks = 0;
    };
    samples.blocks([&](const float* at, int vectors) {
      if (blocks == 0) std::fill_n(sums, groups_, Vectors{});
      begin_block(at, vectors, knots_.spacing, block, sums[0], sine_cosine);
      for (int g = 1; g < groups_; ++g) add_group(vectors, block, sums[g]);
      if (++blocks == kMostBlocks) take();
    });
    if (blocks > 0) take();
    for (int g = 0; g < groups_; ++g) {
      for (int j = 0; j < kHarmonics; ++j) {
        totals[g].cosine[j] = quarters[g].cosine[j].total();
        totals[g].sine[j] = quarters[g].sine[j].total();
      }
    }
  }

  EppsPulleyKnots knots_;
  int groups_;
  double gradient_factor_;
};

}  // namespace

void epps_pulley(const Context& context, const EppsPulley& args) {
  const std::int64_t tests = args.statistic.shape.elements();
  const std::int64_t n = tests > 0 ? args.x.shape.elements() / tests : 0;
  float *x = args.x.as<float>(), *statistic = args.statistic.as<float>();
#pragma omp parallel num_threads(context.threads()) if (tests * n >= kParallelElements)
  {
    Test test(args);
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < tests; ++i) statistic[i] = static_cast<float>(test.run(x + i * n, n));
  }
}

}  // namespace kernels::cpu
