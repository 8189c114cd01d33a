#include "kernels/add_bias.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) add_to_rows(const float* bias, int channels, std::int64_t count, T* y) {
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    int channel = static_cast<int>(i % channels);
    auto lanes = load<kWidth>(y + i);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      narrow(lanes.lane[j], static_cast<float>(lanes.lane[j]) + __ldg(bias + channel));
      channel = channel + 1 == channels ? 0 : channel + 1;
    }
    store(y + i, lanes);
  }
}

}  // namespace

void add_bias(const Context& context, const AddBias& args) {
  const std::int64_t count = args.y.shape.elements();
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    T* y = args.y.as<T>();
    with_width<T>(count % kWidest<T> == 0 && aligned({y}), [&](auto width) {
      launch(strided(ceil_div(count, width.value), stream(context)), add_to_rows<width.value, T>, args.bias.as<float>(),
             static_cast<int>(args.y.shape.cols()), count, y);
    });
  });
}

}  // namespace kernels::cuda
