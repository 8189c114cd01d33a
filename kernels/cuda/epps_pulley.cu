#include "kernels/epps_pulley.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"

namespace kernels::cuda {
namespace {

using Harmonics = HarmonicGroup<float>;
constexpr int kMostGroups = (kMostKnots - 1) / kHarmonics;

/// Groups of harmonics that are summed at a time: their sums stay in registers, one for each lane of a warp.
constexpr int kAtOnce = 4;
constexpr int kValues = kAtOnce * 2 * kHarmonics;
static_assert(kValues == kWarp && kMostGroups % kAtOnce == 0);

__device__ __forceinline__ Harmonics first_harmonics(float angle) {
  float s1, c1;
  sincosf(angle, &s1, &c1);
  const float c2 = 1 - 2 * s1 * s1, s2 = 2 * s1 * c1, twice = 2 * c2;
  return {.cosine = {c1, c2, twice * c1 - c1, 1 - 2 * s2 * s2}, .sine = {s1, s2, twice * s1 + s1, twice * s2}};
}

/// The warp's sums of 32 values per lane: lane i returns that of value i. Half of the values change lanes in each of
/// five steps, 31 shuffles in all.
__device__ __forceinline__ float transposed_sum(float (&value)[kValues]) {
  const int lane = lane_in_warp();
#pragma unroll
  for (int half = kWarp / 2; half > 0; half /= 2) {
    const bool upper = (lane & half) != 0;
#pragma unroll
    for (int i = 0; i < half; ++i) {
      const float given = upper ? value[i] : value[i + half], kept = upper ? value[i + half] : value[i];
      value[i] = kept + __shfl_xor_sync(kAllLanes, given, half);
    }
  }
  return value[0];
}

/// What the block shares: the sums of each warp, then the sums over the samples, and what becomes of them.
struct Shared {
  double parts[kThreads / kWarp][kValues];
  HarmonicGroup<double> terms[kMostGroups];
  Harmonics coefficients[kMostGroups];
  float constant;
};

/// terms[g] of groups [from, from + kAtOnce) = the block's sums of m_g cos ja and m_g sin ja.
__device__ void add_up(const float* x, std::int64_t n, float spacing, int from, Shared& shared) {
  constexpr int kMostSamples = 64;  // are added up in f32 by a thread, the rest in double
  const int lane = lane_in_warp(), warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  double total = 0;  // of value number `lane`
  for (std::int64_t begin = 0; begin < n; begin += static_cast<std::int64_t>(kMostSamples) * blockDim.x) {
    float sum[kValues] = {};
    const std::int64_t end = min(n, begin + static_cast<std::int64_t>(kMostSamples) * blockDim.x);
#pragma unroll 1
    for (std::int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
      const Harmonics h = first_harmonics(x[i] * spacing);
      const float step = 2 * h.cosine[kHarmonics - 1];
      float before = h.cosine[kHarmonics - 1], factor = 1;  // cos(-4a) = cos 4a
#pragma unroll 1
      for (int g = 0; g < from; ++g) {
        const float next = step * factor - before;
        before = factor, factor = next;
      }
#pragma unroll
      for (int g = 0; g < kAtOnce; ++g) {
#pragma unroll
        for (int j = 0; j < kHarmonics; ++j) {
          sum[g * 2 * kHarmonics + j] += factor * h.cosine[j];
          sum[g * 2 * kHarmonics + kHarmonics + j] += factor * h.sine[j];
        }
        const float next = step * factor - before;
        before = factor, factor = next;
      }
    }
    total += static_cast<double>(transposed_sum(sum));
  }
  shared.parts[warp][lane] = total;
  __syncthreads();
  if (warp == 0) {
    double all = 0;
    for (int w = 0; w < warps; ++w) all += shared.parts[w][lane];
    HarmonicGroup<double>& group = shared.terms[from + lane / (2 * kHarmonics)];
    const int value = lane % (2 * kHarmonics);
    (value < kHarmonics ? group.cosine[value] : group.sine[value - kHarmonics]) = all;
  }
  __syncthreads();
}

// One block per group of samples: it reads them once for the statistic and, from the cache, once for the gradient.
__global__ void __launch_bounds__(kThreads)
    test_groups(float* xs, std::int64_t n, EppsPulleyKnots knots, float gradient_factor, float* statistic) {
  __shared__ Shared shared;
  float* x = xs + static_cast<std::int64_t>(blockIdx.x) * n;
  const int groups = knots.harmonic_groups();
  for (int from = 0; from < groups; from += kAtOnce) add_up(x, n, knots.spacing, from, shared);

  if (threadIdx.x < kWarp) {  // one warp: a few numbers, in double
    const int lane = lane_in_warp();
    const auto samples = static_cast<double>(n);
    if (lane == 0) to_harmonic_sums(shared.terms, groups, samples);
    __syncwarp();
    double part = 0;
    for (int k = lane; k < groups * kHarmonics; k += kWarp) {
      HarmonicGroup<double>& group = shared.terms[k / kHarmonics];
      double &cosine = group.cosine[k % kHarmonics], &sine = group.sine[k % kHarmonics];
      if (k < knots.count) {
        part += knots.compare(k, samples, gradient_factor, cosine, sine);
      } else {
        cosine = sine = 0;  // completes the last group
      }
    }
    part = warp_sum(part);
    if (lane == 0) statistic[blockIdx.x] = static_cast<float>(part);
    __syncwarp();
    if (gradient_factor != 0) {
      if (lane == 0) shared.constant = static_cast<float>(to_product_coefficients(shared.terms, groups));
      __syncwarp();
      for (int k = lane; k < groups * kHarmonics; k += kWarp) {
        const int g = k / kHarmonics, j = k % kHarmonics;
        shared.coefficients[g].cosine[j] = static_cast<float>(shared.terms[g].cosine[j]);
        shared.coefficients[g].sine[j] = static_cast<float>(shared.terms[g].sine[j]);
      }
    }
  }
  if (gradient_factor == 0) return;
  __syncthreads();
#pragma unroll 1
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    const Harmonics h = first_harmonics(x[i] * knots.spacing);
    const float step = 2 * h.cosine[kHarmonics - 1];
    float before = h.cosine[kHarmonics - 1], factor = 1, result = shared.constant;
    for (int g = 0; g < groups; ++g) {
      const Harmonics& coefficient = shared.coefficients[g];
      float term = 0;
#pragma unroll
      for (int j = 0; j < kHarmonics; ++j) {
        term += coefficient.cosine[j] * h.cosine[j] + coefficient.sine[j] * h.sine[j];
      }
      result += factor * term;
      const float next = step * factor - before;
      before = factor, factor = next;
    }
    x[i] = result;
  }
}

}  // namespace

void epps_pulley(const Context& context, const EppsPulley& args) {
  const std::int64_t tests = args.statistic.shape.elements();
  const std::int64_t n = tests > 0 ? args.x.shape.elements() / tests : 0;
  // Four samples or more per thread: each thread's sums cost as much as three samples to combine.
  const auto threads = static_cast<unsigned>(std::clamp<std::int64_t>(ceil_div(n, 4 * kWarp) * kWarp, kWarp, kThreads));
  launch({.grid = dim3(static_cast<unsigned>(tests)), .block = dim3(threads), .stream = stream(context)}, test_groups,
         args.x.as<float>(), n, EppsPulleyKnots(args.knots, args.t_max), args.gradient_factor,
         args.statistic.as<float>());
}

}  // namespace kernels::cuda
