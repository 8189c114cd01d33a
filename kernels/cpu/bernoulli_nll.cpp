#include "kernels/bernoulli_nll.h"

#include <algorithm>

#include "kernels/cpu/fixed_order_sum.h"
#include "kernels/cpu/sum_terms.h"

namespace kernels::cpu {
namespace {

template <class V>
V exp_of_minus_magnitude(V x) {
  return exp(x > 0.0f ? -x : x);
}

/// log(1 + e) for 0 <= e <= 1, within 2 units in the last place: with s = e / (2 + e), it is
/// 2 atanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...), and s is at most 1/3.
template <class V>
V log_of_one_plus(V e) {
  const V s = e / (e + 2.0f), z = s * s;
  V p = z * (1.0f / 13) + 1.0f / 11;
  p = p * z + 1.0f / 9;
  p = p * z + 1.0f / 7;
  p = p * z + 1.0f / 5;
  p = p * z + 1.0f / 3;
  return 2.0f * s * (p * z + 1.0f);
}

}  // namespace

void bernoulli_nll_forward(const Context&, const BernoulliNllForward& args) {
  const std::int64_t count = args.logits.shape.elements(), images = std::max<std::int64_t>(args.logits.shape[0], 1);
  with_float_type(args.logits.dtype, [&]<class T>(T*) {
    const double total = fixed_order_sum<double>(count, count, [&](std::int64_t begin, std::int64_t end) {
      const T *logits = args.logits.as<T>() + begin, *targets = args.targets.as<T>() + begin;
      return sum_of(end - begin, [=]<class V>(std::int64_t i, V) {
        const V l = load_as<V>(logits + i), t = load_as<V>(targets + i);
        const V positive = l < 0.0f ? V() : l;  // NaN stays NaN
        return positive - l * t + log_of_one_plus(exp_of_minus_magnitude(l));
      });
    });
    *args.loss.as<float>() = static_cast<float>(total / static_cast<double>(images));
  });
}

void bernoulli_nll_backward(const Context& context, const BernoulliNllBackward& args) {
  const std::int64_t count = args.logits.shape.elements(), images = std::max<std::int64_t>(args.logits.shape[0], 1);
  const float scale = *args.dloss.as<float>() / static_cast<float>(images);
  with_float_type(args.logits.dtype, [&, scale, accumulate = args.dlogits.accumulate]<class T>(T*) {
    constexpr std::int64_t kPart = 4096;
    const T *logits = args.logits.as<T>(), *targets = args.targets.as<T>();
    T* dlogits = args.dlogits.view.as<T>();
#pragma omp parallel for schedule(static) num_threads(context.threads()) if (count >= kParallelElements)
    for (std::int64_t begin = 0; begin < count; begin += kPart) {
      for_each_vector(std::min(kPart, count - begin), [=]<class V>(std::int64_t at, V) {
        const std::int64_t i = begin + at;
        const V l = load_as<V>(logits + i), e = exp_of_minus_magnitude(l);
        const V sigma = (l < 0.0f ? e : V() + 1.0f) / (e + 1.0f);
        const V gradient = scale * (sigma - load_as<V>(targets + i));
        store(dlogits + i, accumulate ? load_as<V>(dlogits + i) + gradient : gradient);
      });
    }
  });
}

}  // namespace kernels::cpu
