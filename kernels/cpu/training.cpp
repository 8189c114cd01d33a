#include "kernels/training.h"

#include <algorithm>
#include <cmath>

#include "engine/core/scratch.h"
#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

/// Blocks whose sums are taken together: fixed, so that norms do not depend on the number of threads.
constexpr std::int64_t kChunkBlocks = 256;

}  // namespace

void gradient_norm(const Context& context, const GradientNorm& args) {
  const float *gradient = args.gradient.as<float>(), *value = args.value.as<float>(), *l2 = args.l2.as<float>();
  const std::int32_t* segment = args.blocks.as<std::int32_t>();
  const std::int64_t blocks = args.blocks.shape.elements(), chunks = (blocks + kChunkBlocks - 1) / kChunkBlocks;
  const engine::Scratch partial(context, static_cast<std::size_t>(2 * chunks) * sizeof(double));
  double* sums = partial.as<double>();
#pragma omp parallel for schedule(static) if (blocks * kSegmentBlock >= kParallelElements)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    double squares = 0, penalty = 0;
    for (std::int64_t block = chunk * kChunkBlocks; block < std::min(blocks, (chunk + 1) * kChunkBlocks); ++block) {
      const float *g = gradient + block * kSegmentBlock, *w = value + block * kSegmentBlock;
      const float factor = l2[segment[block]];
      float block_squares = 0, block_weights = 0;
#pragma omp simd reduction(+ : block_squares, block_weights)
      for (std::int64_t i = 0; i < kSegmentBlock; ++i) {
        const float total = g[i] + 2 * factor * w[i];
        block_squares += total * total;
        block_weights += w[i] * w[i];
      }
      squares += block_squares;
      penalty += static_cast<double>(factor) * block_weights;
    }
    sums[2 * chunk] = squares;
    sums[2 * chunk + 1] = penalty;
  }
  double squares = 0, penalty = 0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    squares += sums[2 * chunk];
    penalty += sums[2 * chunk + 1];
  }
  float* norms = args.norms.as<float>();
  norms[0] = static_cast<float>(std::sqrt(squares));
  norms[1] = static_cast<float>(penalty);
  std::int32_t& state = args.status.as<std::int32_t>()[kStatusNonfinite];
  if (!std::isfinite(norms[0]) || !std::isfinite(*args.loss.as<float>())) state = std::max(state, kNonfiniteNow);
}

void adam(const Context&, const Adam& args) {
  const std::int32_t* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] != 0) return;
  const double t = status[kStatusStep] + 1.0;
  const double correction =
      std::sqrt(1 - std::pow(static_cast<double>(args.beta2), t)) / (1 - std::pow(static_cast<double>(args.beta1), t));
  const float rate = static_cast<float>(args.learning_rates.as<float>()[status[kStatusStep]] * correction);
  const float beta1 = args.beta1, beta2 = args.beta2, epsilon = args.epsilon;
  const float *gradient = args.gradient.as<float>(), *l2 = args.l2.as<float>();
  const std::int32_t* segment = args.blocks.as<std::int32_t>();
  float *value = args.value.as<float>(), *first = args.first_moment.as<float>(),
        *second = args.second_moment.as<float>();
  const std::int64_t blocks = args.blocks.shape.elements();
#pragma omp parallel for schedule(static) if (blocks * kSegmentBlock >= kParallelElements)
  for (std::int64_t block = 0; block < blocks; ++block) {
    const float factor = 2 * l2[segment[block]];
    const std::int64_t at = block * kSegmentBlock;
#pragma omp simd
    for (std::int64_t i = at; i < at + kSegmentBlock; ++i) {
      const float g = gradient[i] + factor * value[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      value[i] -= rate * first[i] / (std::sqrt(second[i]) + epsilon);
    }
  }
}

void finish_step(const Context&, const FinishStep& args) {
  std::int32_t* status = args.status.as<std::int32_t>();
  if (status[kStatusNonfinite] == kNonfiniteBefore) return;
  const std::int64_t slots = args.ring.shape[0], columns = args.ring.shape[1];
  float* record = args.ring.as<float>() + status[kStatusStep] % slots * columns;
  for (int i = 0; i < kRecordScalars; ++i) record[i] = args.scalars[i] ? *args.scalars[i].as<float>() : 0.0f;
  record[kRecordScalars] = args.learning_rates.as<float>()[status[kStatusStep]];
  if (status[kStatusNonfinite] == kNonfiniteNow) {
    status[kStatusNonfinite] = kNonfiniteBefore;
  } else {
    ++status[kStatusStep];
  }
}

}  // namespace kernels::cpu
