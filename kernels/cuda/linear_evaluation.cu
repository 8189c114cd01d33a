#include "kernels/linear_evaluation.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"

namespace kernels::cuda {
namespace {

// One warp per row.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    copy_rows(const float* x, const std::int32_t* rows, std::int64_t count, std::int64_t columns, float* y) {
  const std::int64_t i = warp_in_grid();
  if (i >= count) return;
  const float* from = x + rows[i] * columns;
  for (std::int64_t j = lane_in_warp() * kWidth; j < columns; j += kWarp * kWidth) {
    store(y + i * columns + j, load<kWidth>(from + j));
  }
}

// kWidth divides the row length, so that a thread's kWidth elements have one rate.
template <int kWidth>
__global__ void __launch_bounds__(kThreads)
    step_rows(const float* gradient, const float* rates, float factor, float momentum, std::int64_t count,
              std::int64_t columns, float* velocity, float* value) {
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    const float rate = factor * rates[i / columns];
    const auto g = load<kWidth>(gradient + i);
    auto v = load<kWidth>(velocity + i), w = load<kWidth>(value + i);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      v.lane[j] = momentum * v.lane[j] + g.lane[j];
      w.lane[j] -= rate * (g.lane[j] + momentum * v.lane[j]);
    }
    store(velocity + i, v);
    store(value + i, w);
  }
}

}  // namespace

void gather_rows(const Context& context, const GatherRows& args) {
  const std::int64_t count = args.y.shape.rows(), columns = args.y.shape.cols();
  const float* x = args.x.as<float>();
  float* y = args.y.as<float>();
  with_width<float>(columns % kWidest<float> == 0 && aligned({x, y}), [&](auto width) {
    launch(warp_each(count, stream(context)), copy_rows<width.value>, x, args.rows.as<std::int32_t>(), count, columns,
           y);
  });
}

void rowwise_sgd(const Context& context, const RowwiseSgd& args) {
  const std::int64_t count = args.value.shape.elements(), columns = args.value.shape.cols();
  float *value = args.value.as<float>(), *velocity = args.velocity.as<float>();
  const float* gradient = args.gradient.as<float>();
  with_width<float>(columns % kWidest<float> == 0 && aligned({value, velocity, gradient}), [&](auto width) {
    launch(strided(count / width.value, stream(context)), step_rows<width.value>, gradient, args.rates.as<float>(),
           args.factor, args.momentum, count, columns, velocity, value);
  });
}

}  // namespace kernels::cuda
