#include "engine/optim/adam.h"

#include "kernels/training.h"

namespace engine {

Adam::Adam(const ParameterSet& parameters, AdamOptions options, const std::function<float(const ParameterInfo&)>& l2)
    : values_(parameters.values()), gradients_(parameters.gradients()), options_(options) {
  const Context& context = values_.context();
  first_ = Tensor::zeros(context, values_.shape());
  second_ = Tensor::zeros(context, values_.shape());
  norms_ = Tensor::zeros(context, {2});

  std::vector<std::int32_t> blocks(static_cast<std::size_t>(values_.elements() / kernels::kSegmentBlock));
  std::vector<float> factors;
  for (const ParameterInfo& info : parameters.parameters()) {
    const std::int64_t begin = info.offset / kernels::kSegmentBlock;
    const std::int64_t end =
        (info.offset + info.shape.elements() + kernels::kSegmentBlock - 1) / kernels::kSegmentBlock;
    for (std::int64_t block = begin; block < end; ++block) {
      blocks[static_cast<std::size_t>(block)] = static_cast<std::int32_t>(factors.size());
    }
    factors.push_back(l2(info));
  }
  blocks_ = Tensor::from(context, {static_cast<std::int64_t>(blocks.size())}, blocks);
  l2_ = Tensor::from(context, {static_cast<std::int64_t>(factors.size())}, factors);
}

void Adam::step(const Tensor& loss, const TrainingStatus& status) {
  const Context& context = values_.context();
  kernels::gradient_norm(context, {.gradient = gradients_,
                                   .value = values_,
                                   .blocks = blocks_,
                                   .l2 = l2_,
                                   .loss = loss,
                                   .norms = norms_,
                                   .status = status.status()});
  kernels::adam(context, {.value = values_,
                          .first_moment = first_,
                          .second_moment = second_,
                          .gradient = gradients_,
                          .blocks = blocks_,
                          .l2 = l2_,
                          .learning_rates = status.learning_rates(),
                          .status = status.status(),
                          .beta1 = options_.beta1,
                          .beta2 = options_.beta2,
                          .epsilon = options_.epsilon});
}

}  // namespace engine
