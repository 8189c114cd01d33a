#include "kernels/softmax_cross_entropy.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/fixed_order_sum.h"

namespace kernels::cpu {
namespace {

template <class T>
std::int64_t argmax(const T* x, std::int64_t count) {
  std::int64_t best = 0;
  for (std::int64_t j = 1; j < count; ++j) best = x[j] > x[best] ? j : best;
  return best;
}

/// One row's smoothed targets t_j, given as a label.
struct LabelRow {
  std::int64_t label, classes;
  float smoothing;

  float operator()(std::int64_t j) const {
    return (j == label ? 1 - smoothing : 0) + smoothing / static_cast<float>(classes);
  }
  float total() const { return label >= 0 && label < classes ? 1 : std::numeric_limits<float>::quiet_NaN(); }
  std::int64_t best() const { return label; }
};

/// The same, given as a distribution.
struct DistributionRow {
  const float* target;
  std::int64_t classes;
  float smoothing;

  float operator()(std::int64_t j) const {
    return (1 - smoothing) * target[j] + smoothing / static_cast<float>(classes);
  }
  float total() const {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < classes; ++j) sum += target[j];
    return (1 - smoothing) * sum + smoothing;
  }
  std::int64_t best() const { return argmax(target, classes); }
};

/// Calls body(logits, row), where row(i) gives the targets of row i.
template <class Args, class Body>
void with_rows(const Args& args, Body&& body) {
  const std::int64_t k = args.logits.shape.cols();
  with_float_type(args.logits.dtype, [&]<class T>(T*) {
    if (args.targets.dtype == Dtype::i32) {
      const auto* labels = args.targets.template as<std::int32_t>();
      body(args.logits.template as<T>(), [=, smoothing = args.smoothing](std::int64_t i) {
        return LabelRow{labels[i], k, smoothing};
      });
    } else {
      const auto* targets = args.targets.template as<float>();
      body(args.logits.template as<T>(), [=, smoothing = args.smoothing](std::int64_t i) {
        return DistributionRow{targets + i * k, k, smoothing};
      });
    }
  });
}

struct RowSums {
  double loss = 0;
  std::int64_t correct = 0;

  RowSums& operator+=(const RowSums& other) {
    loss += other.loss;
    correct += other.correct;
    return *this;
  }
};

}  // namespace

void softmax_cross_entropy_forward(const Context&, const SoftmaxCrossEntropyForward& args) {
  const std::int64_t n = args.logits.shape.rows(), k = args.logits.shape.cols();
  float* terms = args.softmax_terms.as<float>();
  with_rows(args, [&]<class T>(const T* logits, auto row) {
    const auto sums = fixed_order_sum<RowSums>(n, n * k, [=](std::int64_t begin, std::int64_t end) {
      RowSums part;
      for (std::int64_t i = begin; i < end; ++i) {
        const T* x = logits + i * k;
        const auto t = row(i);
        const std::int64_t best = argmax(x, k);
        const float max = x[best];
        float exponentials = 0, weighted = 0;  // sum_j exp(x_j - max), sum_j t_j (x_j - max)
        for (std::int64_t j = 0; j < k; ++j) {
          const float shifted = static_cast<float>(x[j]) - max;
          exponentials += std::exp(shifted);
          if (const float weight = t(j); weight != 0) weighted += weight * shifted;  // 0 log 0 = 0
        }
        terms[2 * i] = max;
        terms[2 * i + 1] = 1 / exponentials;
        part.loss += t.total() * std::log(exponentials) - weighted;
        part.correct += best == t.best();
      }
      return part;
    });
    *args.loss.as<float>() = static_cast<float>(sums.loss / static_cast<double>(n));
    *args.accuracy.as<float>() = static_cast<float>(static_cast<double>(sums.correct) / static_cast<double>(n));
  });
}

void softmax_cross_entropy_backward(const Context&, const SoftmaxCrossEntropyBackward& args) {
  const std::int64_t n = args.logits.shape.rows(), k = args.logits.shape.cols();
  const float* terms = args.softmax_terms.as<float>();
  const float scale = *args.dloss.as<float>() / static_cast<float>(n);
  with_rows(args, [&]<class T>(const T* logits, auto row) {
    T* dlogits = args.dlogits.view.as<T>();
#pragma omp parallel for schedule(static) if (n * k >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      const T* x = logits + i * k;
      T* dx = dlogits + i * k;
      const auto t = row(i);
      const float max = terms[2 * i], total_over_sum = t.total() * terms[2 * i + 1];
      for (std::int64_t j = 0; j < k; ++j) {
        const float gradient = scale * (total_over_sum * std::exp(static_cast<float>(x[j]) - max) - t(j));
        store(dx[j], args.dlogits.accumulate ? static_cast<float>(dx[j]) + gradient : gradient);
      }
    }
  });
}

}  // namespace kernels::cpu
