#include "kernels/optimizer.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/loops.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

/// Blocks summed together: a fixed number, so that norms do not depend on the number of threads.
constexpr std::int64_t kChunkBlocks = 256;

/// Sums over the part of a segment that lies in a chunk.
struct PartSums {
  double weights, gradients;
};

bool stopped(const Update& update) { return update.status.as<std::int32_t>()[kStatusNonfinite] != 0; }

float learning_rate(const Update& update) {
  const std::int64_t step = update.status.as<std::int32_t>()[kStatusStep];
  return update.learning_rates.as<float>()[step % update.learning_rates.shape.elements()];
}

/// Calls move(segment, first element) for every block, then rounds the block's values to the shadow while they are
/// cached.
template <class Move>
void for_each_block(const Update& update, const Move& move) {
  const std::int32_t* segment = update.blocks.as<std::int32_t>();
  const float* value = update.value.as<float>();
  bf16* shadow = update.shadow ? update.shadow.as<bf16>() : nullptr;
  const std::int64_t blocks = update.blocks.shape.elements();
#pragma omp parallel if (blocks * kSegmentBlock >= kParallelElements)
  {
    const Move own = move;  // as in parallel_elements
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t at = block * kSegmentBlock;
      own(segment[block], at);
      if (shadow == nullptr) continue;
#pragma omp simd
      for (std::int64_t i = at; i < at + kSegmentBlock; ++i) store(shadow[i], value[i]);
    }
  }
}

}  // namespace

void gradient_norm(const Context& context, const GradientNorm& args) {
  const float *gradient = args.gradient.as<float>(), *value = args.value.as<float>();
  const float *decay = args.decay.as<float>(), *penalty = args.penalty.as<float>();
  const std::int32_t* segment = args.blocks.as<std::int32_t>();
  const std::int64_t blocks = args.blocks.shape.elements(), chunks = ceil_div(blocks, kChunkBlocks);
  const std::int64_t segments = args.decay.shape.elements();
  const auto end = [=](std::int64_t chunk) { return std::min(blocks, (chunk + 1) * kChunkBlocks); };
  const auto first = [=](std::int64_t chunk) { return segment[chunk * kChunkBlocks]; };
  const auto last = [=](std::int64_t chunk) { return segment[end(chunk) - 1]; };
  const engine::Scratch partial(context, static_cast<std::size_t>(2 * chunks) * sizeof(double));
  const engine::Scratch by_segment(context, static_cast<std::size_t>(chunks + 2 * segments) * sizeof(PartSums));
  double* sums = partial.as<double>();
  // From one part to the next the chunk, the segment or both increase, so that chunk + segment is a unique index.
  PartSums *parts = by_segment.as<PartSums>(), *totals = parts + chunks + segments;
#pragma omp parallel for schedule(static) if (blocks * kSegmentBlock >= kParallelElements)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    double squares = 0, penalties = 0;
    std::fill(parts + chunk + first(chunk), parts + chunk + last(chunk) + 1, PartSums{});
    for (std::int64_t block = chunk * kChunkBlocks; block < end(chunk); ++block) {
      const float *g = gradient + block * kSegmentBlock, *w = value + block * kSegmentBlock;
      const float factor = decay[segment[block]];
      float block_squares = 0, block_weights = 0;
#pragma omp simd reduction(+ : block_squares, block_weights)
      for (std::int64_t i = 0; i < kSegmentBlock; ++i) {
        const float total = g[i] + factor * w[i];
        block_squares += total * total;
        block_weights += w[i] * w[i];
      }
      squares += block_squares;
      penalties += static_cast<double>(penalty[segment[block]]) * block_weights;
      PartSums& part = parts[chunk + segment[block]];
      part.weights += block_weights;
      part.gradients += block_squares;
    }
    sums[2 * chunk] = squares;
    sums[2 * chunk + 1] = penalties;
  }

  double squares = 0, penalties = 0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    squares += sums[2 * chunk];
    penalties += sums[2 * chunk + 1];
  }
  float* norms = args.norms.as<float>();
  norms[0] = static_cast<float>(std::sqrt(squares));
  norms[1] = static_cast<float>(penalties);
  std::int32_t& state = args.status.as<std::int32_t>()[kStatusNonfinite];
  if (!std::isfinite(norms[0]) || !std::isfinite(*args.loss.as<float>())) state = std::max(state, kNonfiniteNow);

  std::fill(totals, totals + segments, PartSums{});
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (std::int64_t s = first(chunk); s <= last(chunk); ++s) {
      totals[s].weights += parts[chunk + s].weights;
      totals[s].gradients += parts[chunk + s].gradients;
    }
  }
  float* segment_norms = args.segment_norms.as<float>();
  for (std::int64_t s = 0; s < segments; ++s) {
    segment_norms[2 * s] = static_cast<float>(std::sqrt(totals[s].weights));
    segment_norms[2 * s + 1] = static_cast<float>(std::sqrt(totals[s].gradients));
  }
}

void adam(const Context&, const Adam& args) {
  if (stopped(args.update)) return;
  const double t = args.update.status.as<std::int32_t>()[kStatusStep] + 1.0;
  const double correction =
      std::sqrt(1 - std::pow(static_cast<double>(args.beta2), t)) / (1 - std::pow(static_cast<double>(args.beta1), t));
  const float rate = static_cast<float>(learning_rate(args.update) * correction);
  const float beta1 = args.beta1, beta2 = args.beta2, epsilon = args.epsilon;
  const float *gradient = args.update.gradient.as<float>(), *decay = args.update.decay.as<float>();
  float *value = args.update.value.as<float>(), *first = args.first_moment.as<float>(),
        *second = args.second_moment.as<float>();
  for_each_block(args.update, [=](std::int32_t segment, std::int64_t at) {
    const float factor = decay[segment];
#pragma omp simd
    for (std::int64_t i = at; i < at + kSegmentBlock; ++i) {
      const float g = gradient[i] + factor * value[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      value[i] -= rate * first[i] / (std::sqrt(second[i]) + epsilon);
    }
  });
}

void sgd(const Context&, const Sgd& args) {
  if (stopped(args.update)) return;
  const float rate = learning_rate(args.update), momentum = args.momentum;
  const float inside = args.rate_in_velocity ? rate : 1.0f, outside = args.rate_in_velocity ? 1.0f : rate;
  // Every form is d = inside g; v = momentum v + d; w -= outside (own d + ahead v).
  const float own = args.nesterov ? 1.0f : 0.0f, ahead = args.nesterov ? momentum : 1.0f;
  const float *gradient = args.update.gradient.as<float>(), *decay = args.update.decay.as<float>();
  float *value = args.update.value.as<float>(), *velocity = args.velocity.as<float>();
  for_each_block(args.update, [=](std::int32_t segment, std::int64_t at) {
    const float factor = decay[segment];
#pragma omp simd
    for (std::int64_t i = at; i < at + kSegmentBlock; ++i) {
      const float d = inside * (gradient[i] + factor * value[i]);
      velocity[i] = momentum * velocity[i] + d;
      value[i] -= outside * (own * d + ahead * velocity[i]);
    }
  });
}

void lars(const Context&, const Lars& args) {
  if (stopped(args.update)) return;
  const float lr = learning_rate(args.update), momentum = args.momentum;
  const float *gradient = args.update.gradient.as<float>(), *decay = args.update.decay.as<float>();
  const float *trust = args.trust.as<float>(), *norms = args.segment_norms.as<float>();
  float *value = args.update.value.as<float>(), *velocity = args.velocity.as<float>();
  for_each_block(args.update, [=](std::int32_t segment, std::int64_t at) {
    const float weight_norm = norms[2 * segment], gradient_norm = norms[2 * segment + 1], factor = decay[segment];
    const bool adapts = trust[segment] > 0 && weight_norm > 0 && gradient_norm > 0;
    const float rate = adapts ? lr * (trust[segment] * weight_norm / gradient_norm) : lr;
#pragma omp simd
    for (std::int64_t i = at; i < at + kSegmentBlock; ++i) {
      velocity[i] = momentum * velocity[i] + rate * (gradient[i] + factor * value[i]);
      value[i] -= velocity[i];
    }
  });
}

}  // namespace kernels::cpu
