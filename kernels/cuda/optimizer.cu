#include "kernels/optimizer.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"

namespace kernels::cuda {
namespace {

using Floats = Lanes<float, 4>;

/// The buffers of every update.
struct Flat {
  float* value;
  bf16* shadow;  // null if there is none
  const float* gradient;
  const std::int32_t* segment_of;
  const float *decay, *learning_rates;
  const std::int32_t* status;
  std::int64_t elements;
  int rates;
};

Flat flat(const Update& update) {
  return {.value = update.value.as<float>(),
          .shadow = update.shadow ? update.shadow.as<bf16>() : nullptr,
          .gradient = update.gradient.as<float>(),
          .segment_of = update.blocks.as<std::int32_t>(),
          .decay = update.decay.as<float>(),
          .learning_rates = update.learning_rates.as<float>(),
          .status = update.status.as<std::int32_t>(),
          .elements = update.blocks.shape.elements() * kSegmentBlock,
          .rates = static_cast<int>(update.learning_rates.shape.elements())};
}

// A rule computes the learning rate from the schedule's: `rate` for this step, `rate_of_segment` for a segment.
// `change` takes a gradient g (decay included), updates the rule's state at element i, and returns what to subtract
// from w.

struct AdamRule {
  float *first_moment, *second_moment;
  float beta1, beta2, epsilon;

  __device__ float rate(float lr, int step) const {
    const double t = step + 1.0;
    const double correction = sqrt(1 - pow(static_cast<double>(beta2), t)) / (1 - pow(static_cast<double>(beta1), t));
    return static_cast<float>(lr * correction);
  }
  __device__ float rate_of_segment(float rate, int) const { return rate; }
  __device__ Floats change(std::int64_t i, const Floats& g, float rate) const {
    Floats first = load<4>(first_moment + i), second = load<4>(second_moment + i), change;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      first.lane[j] = beta1 * first.lane[j] + (1 - beta1) * g.lane[j];
      second.lane[j] = beta2 * second.lane[j] + (1 - beta2) * g.lane[j] * g.lane[j];
      change.lane[j] = rate * first.lane[j] / (sqrtf(second.lane[j]) + epsilon);
    }
    store(first_moment + i, first);
    store(second_moment + i, second);
    return change;
  }
};

struct SgdRule {
  float* velocity;
  float momentum;
  bool rate_in_velocity;
  float own, ahead;  // every form is d = inside g; v = momentum v + d; w -= outside (own d + ahead v)

  __device__ float rate(float lr, int) const { return lr; }
  __device__ float rate_of_segment(float rate, int) const { return rate; }
  __device__ Floats change(std::int64_t i, const Floats& g, float rate) const {
    const float inside = rate_in_velocity ? rate : 1.0f, outside = rate_in_velocity ? 1.0f : rate;
    Floats v = load<4>(velocity + i), change;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float d = inside * g.lane[j];
      v.lane[j] = momentum * v.lane[j] + d;
      change.lane[j] = outside * (own * d + ahead * v.lane[j]);
    }
    store(velocity + i, v);
    return change;
  }
};

struct LarsRule {
  float* velocity;
  const float *trust, *segment_norms;
  float momentum;

  __device__ float rate(float lr, int) const { return lr; }
  __device__ float rate_of_segment(float rate, int segment) const {
    const float weights = segment_norms[2 * segment], gradients = segment_norms[2 * segment + 1];
    const bool adapts = trust[segment] > 0 && weights > 0 && gradients > 0;
    return adapts ? rate * (trust[segment] * weights / gradients) : rate;
  }
  __device__ Floats change(std::int64_t i, const Floats& g, float rate) const {
    Floats v = load<4>(velocity + i);
#pragma unroll
    for (int j = 0; j < 4; ++j) v.lane[j] = momentum * v.lane[j] + rate * g.lane[j];
    store(velocity + i, v);
    return v;
  }
};

template <class Rule>
__global__ void __launch_bounds__(kThreads) update_weights(Flat flat, Rule rule) {
  if (flat.status[kStatusNonfinite] != 0) return;
  __shared__ float shared_rate;  // once per block: Adam's powers are expensive
  if (threadIdx.x == 0) {
    const std::int32_t step = flat.status[kStatusStep];
    shared_rate = rule.rate(flat.learning_rates[step % flat.rates], step);
  }
  __syncthreads();
  const float rate = shared_rate;
  for (std::int64_t i = first_in_grid() * 4; i < flat.elements; i += grid_stride() * 4) {
    const int segment = flat.segment_of[i / kSegmentBlock];
    const float decay = flat.decay[segment];
    Floats w = load<4>(flat.value + i), g = load<4>(flat.gradient + i);
#pragma unroll
    for (int j = 0; j < 4; ++j) g.lane[j] += decay * w.lane[j];
    const Floats change = rule.change(i, g, rule.rate_of_segment(rate, segment));
#pragma unroll
    for (int j = 0; j < 4; ++j) w.lane[j] -= change.lane[j];
    store(flat.value + i, w);
    if (flat.shadow != nullptr) write<false>(flat.shadow + i, w.lane);
  }
}

template <class Rule>
void apply(const Context& context, const Update& update, const Rule& rule) {
  const Flat buffers = flat(update);
  launch(strided(buffers.elements / 4, stream(context)), update_weights<Rule>, buffers, rule);
}

}  // namespace

void adam(const Context& context, const Adam& args) {
  apply(context, args.update,
        AdamRule{.first_moment = args.first_moment.as<float>(),
                 .second_moment = args.second_moment.as<float>(),
                 .beta1 = args.beta1,
                 .beta2 = args.beta2,
                 .epsilon = args.epsilon});
}

void sgd(const Context& context, const Sgd& args) {
  apply(context, args.update,
        SgdRule{.velocity = args.velocity.as<float>(),
                .momentum = args.momentum,
                .rate_in_velocity = args.rate_in_velocity,
                .own = args.nesterov ? 1.0f : 0.0f,
                .ahead = args.nesterov ? args.momentum : 1.0f});
}

void lars(const Context& context, const Lars& args) {
  apply(context, args.update,
        LarsRule{.velocity = args.velocity.as<float>(),
                 .trust = args.trust.as<float>(),
                 .segment_norms = args.segment_norms.as<float>(),
                 .momentum = args.momentum});
}

}  // namespace kernels::cuda
