#include "kernels/softmax_cross_entropy.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/fixed_order_sum.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {
namespace {

/// The largest element of a row, and its first index.
struct Best {
  float value;
  std::int64_t at;
};

template <class T>
Best best_of(const T* x, std::int64_t count) {
  Best best{-std::numeric_limits<float>::infinity(), 0};
  Floats values = broadcast(best.value);
  Ints from{};  // the index of each value
  const auto meet = [&](float value, std::int64_t at) {
    if (value > best.value || (value == best.value && at < best.at)) best = {value, at};
  };
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const Floats value = load(x + j);
    from = value > values ? numbers_from<Floats>(j) : from;
    values = max(value, values);
  }
  for (int lane = 0; lane < kLanes; ++lane) meet(values[lane], from[lane]);
  for (; j < count; ++j) meet(x[j], j);
  return best;
}

/// The smoothed targets t_j of one row, from a label.
struct LabelRow {
  std::int64_t label, classes;
  float smoothing;

  /// The targets of V's number of classes from j on.
  template <class V>
  V at(std::int64_t j) const {
    const float other = smoothing / static_cast<float>(classes);
    return numbers_from<V>(j) == static_cast<std::int32_t>(label) ? V() + (1 - smoothing + other) : V() + other;
  }
  float total() const { return label >= 0 && label < classes ? 1 : std::numeric_limits<float>::quiet_NaN(); }
  bool has_most(std::int64_t j) const { return j == label; }
};

/// The same, from a distribution.
struct DistributionRow {
  const float* target;
  std::int64_t classes;
  float smoothing;

  template <class V>
  V at(std::int64_t j) const {
    return (1 - smoothing) * load_as<V>(target + j) + smoothing / static_cast<float>(classes);
  }
  float total() const {
    LaneSums sum;
    for_each_vector(classes, [&]<class V>(std::int64_t j, V) { sum += load_as<V>(target + j); });
    return (1 - smoothing) * sum.total() + smoothing;
  }
  bool has_most(std::int64_t j) const { return target[j] == best_of(target, classes).value; }
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
        const Best best = best_of(x, k);
        LaneSums others, weighted;  // sum exp(x_j - max) over all but the best, sum_j t_j (x_j - max)
        for_each_vector(k, [&]<class V>(std::int64_t j, V) {
          const V shifted = load_as<V>(x + j) - best.value, weight = t.template at<V>(j);
          others += numbers_from<V>(j) == static_cast<std::int32_t>(best.at) ? V() : exp(shifted);
          weighted += weight != 0 ? weight * shifted : V();  // 0 log 0 = 0
        });
        terms[2 * i] = best.value;
        terms[2 * i + 1] = others.total();
        part.loss += t.total() * std::log1p(others.total()) - weighted.total();
        part.correct += t.has_most(best.at) && std::isfinite(best.value) && !std::isnan(others.total());
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
  with_rows(args, [&]<class T>(const T* logits, auto row) {
    T* dlogits = args.dlogits.view.as<T>();
    const float scale = *args.dloss.as<float>() / static_cast<float>(n);
#pragma omp parallel for schedule(static) if (n * k >= kParallelElements)
    for (std::int64_t i = 0; i < n; ++i) {
      const T* x = logits + i * k;
      T* dx = dlogits + i * k;
      const auto t = row(i);
      const float max = terms[2 * i], others = terms[2 * i + 1];
      const float scale_over_sum = scale / (1 + others), weight = t.total() * scale_over_sum;
      for_each_vector(k, [=, accumulate = args.dlogits.accumulate]<class V>(std::int64_t j, V) {
        // p - t = (exp - t (1 + others)) / (1 + others), in an order in which t = 1 subtracts exactly from exp = 1.
        const V target = scale_over_sum * t.template at<V>(j);
        const V gradient = (weight * exp(load_as<V>(x + j) - max) - target) - others * target;
        store(dx + j, accumulate ? load_as<V>(dx + j) + gradient : gradient);
      });
    }
  });
}

}  // namespace kernels::cpu
