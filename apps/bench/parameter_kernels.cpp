#include "apps/bench/buffers.h"
#include "kernels/optimizer.h"
#include "kernels/training.h"

namespace apps {
namespace {

using engine::Shape;
using engine::Tensor;

/// As many parameters as ResNet-50 has, in as many tensors of one size; with a bf16 shadow if activations are bf16. The
/// learning rate is 0, so that any number of updates changes nothing.
struct FlatParameters {
  static constexpr std::int64_t kSegments = 161, kElements = kSegments * 4966 * kernels::kSegmentBlock;

  explicit FlatParameters(Buffers& b)
      : value(b.random_f32({kElements})), gradient(b.random_f32({kElements})), state(b.output_f32({kElements})) {
    std::vector<std::int32_t> segment_of(static_cast<std::size_t>(kElements / kernels::kSegmentBlock));
    for (std::size_t i = 0; i < segment_of.size(); ++i) {
      segment_of[i] = static_cast<std::int32_t>(i * kSegments / segment_of.size());
    }
    blocks = b.of({static_cast<std::int64_t>(segment_of.size())}, segment_of);
    settings = b.positive_f32({kSegments});
    norms = b.positive_f32({kSegments, 2});
    rates = b.output_f32({1});
    status = b.integers({kernels::kStatusSize}, 1);
    if (b.sizes().activations == engine::Dtype::bf16) shadow = b.output({kElements});
  }

  kernels::Update update() const {
    return {.value = value,
            .gradient = gradient,
            .shadow = shadow ? engine::View(shadow) : engine::View(),
            .blocks = blocks,
            .decay = settings,
            .learning_rates = rates,
            .status = status};
  }

  Tensor value, gradient, state, shadow, blocks, settings, norms, rates, status;
};

KernelWork gradient_norm(Buffers& b) {
  const FlatParameters p(b);
  return b.work(kernels::gradient_norm, {.gradient = p.gradient,
                                         .value = p.value,
                                         .blocks = p.blocks,
                                         .decay = p.settings,
                                         .penalty = p.settings,
                                         .loss = b.positive_f32(Shape()),
                                         .norms = b.output_f32({2}),
                                         .segment_norms = p.norms,
                                         .status = p.status});
}
KernelWork lars(Buffers& b) {
  const FlatParameters p(b);
  return b.work(
      kernels::lars,
      {.update = p.update(), .velocity = p.state, .trust = p.settings, .segment_norms = p.norms, .momentum = 0.9f});
}
KernelWork sgd(Buffers& b) {
  const FlatParameters p(b);
  return b.work(kernels::sgd, {.update = p.update(), .velocity = p.state, .momentum = 0.9f, .nesterov = true});
}
KernelWork adam(Buffers& b) {
  const FlatParameters p(b);
  return b.work(kernels::adam, {.update = p.update(),
                                .first_moment = p.state,
                                .second_moment = b.output_f32(p.state.shape()),
                                .beta1 = 0.9f,
                                .beta2 = 0.999f,
                                .epsilon = 1e-7f});
}
KernelWork finish_step(Buffers& b) {
  constexpr int kScalars = 8;
  const Tensor ring = b.output_f32({1, kScalars + 1});
  kernels::FinishStep args{.scalars = {},
                           .learning_rates = b.output_f32({1}),
                           .ring = ring,
                           .status = b.integers({kernels::kStatusSize}, 1)};
  for (int i = 0; i < kScalars; ++i) args.scalars[i] = b.random_f32(Shape());
  return b.work(kernels::finish_step, args);
}

}  // namespace

std::vector<KernelEntry> parameter_kernels() {
  return {{"gradient_norm", gradient_norm}, {"lars", lars}, {"sgd", sgd}, {"adam", adam}, {"finish_step", finish_step}};
}

}  // namespace apps
