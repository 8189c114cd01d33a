#include "engine/ops/softmax_cross_entropy.h"

#include "engine/autograd.h"
#include "kernels/softmax_cross_entropy.h"

namespace engine {

CrossEntropy softmax_cross_entropy(const Tensor& logits, const Tensor& targets, float label_smoothing) {
  const Shape shape = logits.shape();
  EXPECTS(shape.rank() == 2 && shape.elements() > 0,
          "softmax_cross_entropy: logits must be [N,K] with at least one row and one class, got ", shape);
  const bool labels = targets.dtype() == Dtype::i32 && targets.shape() == Shape{shape[0]};
  const bool distributions = targets.dtype() == Dtype::f32 && targets.shape() == shape;
  EXPECTS(labels || distributions, "softmax_cross_entropy: for logits ", shape, ", targets must be [", shape[0],
          "] of i32 or ", shape, " of f32, got ", targets.shape(), " of ", name(targets.dtype()));
  EXPECTS(label_smoothing >= 0 && label_smoothing < 1, "softmax_cross_entropy: label smoothing must be in [0,1), got ",
          label_smoothing);

  const Context& context = logits.context();
  const Tensor loss = Tensor::empty(context, {}), accuracy = Tensor::empty(context, {});
  const Tensor softmax_terms = Tensor::empty(context, {shape[0], 2});
  kernels::softmax_cross_entropy_forward(context, {.logits = logits,
                                                   .targets = targets,
                                                   .smoothing = label_smoothing,
                                                   .softmax_terms = softmax_terms,
                                                   .loss = loss,
                                                   .accuracy = accuracy});
  const auto backward = [logits = logits.detach(), targets = targets.detach(), label_smoothing, softmax_terms](
                            const Tensor& dloss, Grads& d) {
    kernels::softmax_cross_entropy_backward(dloss.context(), {.dloss = dloss,
                                                              .logits = logits,
                                                              .targets = targets,
                                                              .smoothing = label_smoothing,
                                                              .softmax_terms = softmax_terms,
                                                              .dlogits = d.into(0)});
  };
  return {.loss = with_grad(loss, {logits}, backward), .accuracy = accuracy};
}

}  // namespace engine
