#include "kernels/softmax_cross_entropy.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cuda {
namespace {

struct Largest {
  float value;
  int index;
};

/// The largest element of a row, the first if there are several; the same in every lane of the warp.
template <class T>
__device__ Largest largest(const T* x, int k) {
  const int lane = lane_in_warp();
  Largest best{lane < k ? static_cast<float>(x[lane]) : -INFINITY, lane};
  for (int j = lane + kWarp; j < k; j += kWarp) {
    const auto value = static_cast<float>(x[j]);
    if (value > best.value) best = {value, j};
  }
#pragma unroll
  for (int bits = kWarp / 2; bits > 0; bits /= 2) {
    const Largest other{__shfl_xor_sync(kAllLanes, best.value, bits), __shfl_xor_sync(kAllLanes, best.index, bits)};
    const bool first = other.value == best.value && other.index < best.index;
    if (other.value > best.value || first) best = other;
  }
  // With NaN in the row, lanes may disagree.
  return {__shfl_sync(kAllLanes, best.value, 0), __shfl_sync(kAllLanes, best.index, 0)};
}

/// The smoothed targets t_j of each row, from labels.
struct Labels {
  const std::int32_t* labels;
  float smoothing;

  struct Row {
    int label, classes;
    float smoothing;

    __device__ float operator()(int j) const {
      return (j == label ? 1 - smoothing : 0) + smoothing / static_cast<float>(classes);
    }
    __device__ float total() const { return label >= 0 && label < classes ? 1.0f : NAN; }
    __device__ bool has_most(int j) const { return j == label; }
  };
  __device__ Row row(std::int64_t i, int classes) const { return {labels[i], classes, smoothing}; }
};

/// The same, from one distribution per row.
struct Distributions {
  const float* targets;
  float smoothing;

  struct Row {
    const float* target;
    int classes;
    float smoothing;

    __device__ float operator()(int j) const {
      return (1 - smoothing) * target[j] + smoothing / static_cast<float>(classes);
    }
    __device__ float total() const {
      float sum = 0;
      for (int j = lane_in_warp(); j < classes; j += kWarp) sum += target[j];
      return (1 - smoothing) * warp_sum(sum) + smoothing;
    }
    __device__ bool has_most(int j) const { return target[j] == largest(target, classes).value; }
  };
  __device__ Row row(std::int64_t i, int classes) const { return {targets + i * classes, classes, smoothing}; }
};

struct RowResult {
  double loss;
  double correct;
};

// One warp per row. It reads the row twice, the second time from the cache.
template <class T, class Targets>
__global__ void __launch_bounds__(kThreads)
    row_losses(const T* logits, Targets targets, std::int64_t n, int k, float* terms, RowResult* results) {
  const std::int64_t i = warp_in_grid();
  if (i >= n) return;
  const T* x = logits + i * k;
  const auto t = targets.row(i, k);
  const Largest best = largest(x, k);
  float others = 0, weighted = 0;  // sum exp(x_j - max) over all but the best, sum_j t_j (x_j - max)
  for (int j = lane_in_warp(); j < k; j += kWarp) {
    const float shifted = static_cast<float>(x[j]) - best.value;
    others += j == best.index ? 0 : expf(shifted);
    if (const float weight = t(j); weight != 0) weighted += weight * shifted;  // 0 log 0 = 0
  }
  others = warp_sum(others);
  weighted = warp_sum(weighted);
  const float loss = t.total() * log1pf(others) - weighted;
  const bool finite = best.value - best.value == 0 && others == others;  // neither infinite nor NaN
  const bool correct = t.has_most(best.index) && finite;
  if (lane_in_warp() != 0) return;
  terms[2 * i] = best.value;
  terms[2 * i + 1] = others;
  results[i] = {loss, correct ? 1.0 : 0.0};
}

__global__ void __launch_bounds__(kThreads)
    mean_of_rows(const RowResult* results, std::int64_t n, float* loss, float* accuracy) {
  RowResult sum{};
  for (std::int64_t i = threadIdx.x; i < n; i += kThreads) {
    sum.loss += results[i].loss;
    sum.correct += results[i].correct;
  }
  sum.loss = block_sum(sum.loss);
  sum.correct = block_sum(sum.correct);
  if (threadIdx.x != 0) return;
  *loss = static_cast<float>(sum.loss / static_cast<double>(n));
  *accuracy = static_cast<float>(sum.correct / static_cast<double>(n));
}

template <bool kAccumulate, class T, class Targets>
__global__ void __launch_bounds__(kThreads) row_gradients(const float* dloss, const T* logits, Targets targets,
                                                          std::int64_t n, int k, const float* terms, T* dlogits) {
  const std::int64_t i = warp_in_grid();
  if (i >= n) return;
  const T* x = logits + i * k;
  const auto t = targets.row(i, k);
  const float scale = *dloss / static_cast<float>(n);
  const float max = terms[2 * i], others = terms[2 * i + 1];
  const float scale_over_sum = scale / (1 + others), weight = t.total() * scale_over_sum;
  for (int j = lane_in_warp(); j < k; j += kWarp) {
    // p - t = (exp - t (1 + others)) / (1 + others), in an order in which t = 1 subtracts exactly from exp = 1.
    const float target = scale_over_sum * t(j);
    const float gradient = (weight * expf(static_cast<float>(x[j]) - max) - target) - others * target;
    write<kAccumulate>(dlogits[i * k + j], gradient);
  }
}

/// Calls body(logits, targets), with a type per kind of target.
template <class Args, class Body>
void with_targets(const Args& args, Body&& body) {
  with_float_type(args.logits.dtype, [&]<class T>(T*) {
    const T* logits = args.logits.template as<T>();
    if (args.targets.dtype == Dtype::i32) {
      body(logits, Labels{args.targets.template as<std::int32_t>(), args.smoothing});
    } else {
      body(logits, Distributions{args.targets.template as<float>(), args.smoothing});
    }
  });
}

}  // namespace

void softmax_cross_entropy_forward(const Context& context, const SoftmaxCrossEntropyForward& args) {
  const std::int64_t n = args.logits.shape.rows();
  const auto k = static_cast<int>(args.logits.shape.cols());
  const engine::Scratch scratch(context, static_cast<std::size_t>(n) * sizeof(RowResult));
  RowResult* results = scratch.as<RowResult>();
  with_targets(args, [&]<class T, class Targets>(const T* logits, const Targets& targets) {
    launch(warp_each(n, stream(context)), row_losses<T, Targets>, logits, targets, n, k, args.softmax_terms.as<float>(),
           results);
  });
  launch(block_each(1, stream(context)), mean_of_rows, results, n, args.loss.as<float>(), args.accuracy.as<float>());
}

void softmax_cross_entropy_backward(const Context& context, const SoftmaxCrossEntropyBackward& args) {
  const std::int64_t n = args.logits.shape.rows();
  const auto k = static_cast<int>(args.logits.shape.cols());
  with_targets(args, [&]<class T, class Targets>(const T* logits, const Targets& targets) {
    with_flag(args.dlogits.accumulate, [&](auto accumulate) {
      launch(warp_each(n, stream(context)), row_gradients<accumulate.value, T, Targets>, args.dloss.as<float>(), logits,
             targets, n, k, args.softmax_terms.as<float>(), args.dlogits.view.as<T>());
    });
  });
}

}  // namespace kernels::cuda
