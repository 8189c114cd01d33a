#include "kernels/bernoulli_nll.h"

#include "kernels/cuda/map_elements.h"
#include "kernels/cuda/sum_terms.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

struct CrossEntropy {
  __device__ float operator()(float l, float t) const {
    const float positive = l < 0 ? 0.0f : l;  // NaN stays NaN
    return positive - l * t + log1pf(expf(-fabsf(l)));
  }
};
struct CrossEntropyGradient {
  const float* dloss;
  float inverse_images;
  __device__ float operator()(float l, float t) const {
    const float e = expf(-fabsf(l));
    // __fdividef: the divisor is from 1 to 2, and eight exact divisions at once would spill registers.
    return __ldg(dloss) * inverse_images * (__fdividef(l < 0 ? e : 1.0f, 1 + e) - t);
  }
};

float inverse_images(const ConstView& logits) {
  return static_cast<float>(1 / static_cast<double>(std::max<std::int64_t>(logits.shape[0], 1)));
}

}  // namespace

// Bytes moved: logits and targets, once.
void bernoulli_nll_forward(const Context& context, const BernoulliNllForward& args) {
  with_float_type(args.logits.dtype, [&]<class T>(T*) {
    sum_terms(context, args.logits.shape.elements(), inverse_images(args.logits), args.loss, CrossEntropy{},
              args.logits.as<T>(), args.targets.as<T>());
  });
}

void bernoulli_nll_backward(const Context& context, const BernoulliNllBackward& args) {
  const CrossEntropyGradient gradient{args.dloss.as<float>(), inverse_images(args.logits)};
  with_float_type(args.logits.dtype, [&]<class T>(T*) {
    write_elements<T>(context, args.dlogits, gradient, args.logits.as<T>(), args.targets.as<T>());
  });
}

}  // namespace kernels::cuda
