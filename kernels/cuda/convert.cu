#include "kernels/convert.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

// y[i] (+)= x[i]
template <int kWidth, bool kAccumulate, class From, class To>
__global__ void __launch_bounds__(kThreads) convert_elements(To* y, const From* x, std::int64_t count) {
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    if (i + kWidth <= count) {
      const Lanes<From, kWidth> lanes = load<kWidth>(x + i);
      float values[kWidth];
#pragma unroll
      for (int j = 0; j < kWidth; ++j) values[j] = static_cast<float>(lanes.lane[j]);
      write<kAccumulate>(y + i, values);
    } else {
      for (std::int64_t j = i; j < count; ++j) write<kAccumulate>(y[j], static_cast<float>(x[j]));
    }
  }
}

}  // namespace

void convert(const Context& context, const Convert& args) {
  with_float_type(args.x.dtype, [&]<class From>(From*) {
    with_float_type(args.y.view.dtype, [&]<class To>(To*) {
      const From* x = args.x.as<From>();
      To* y = args.y.view.as<To>();
      const std::int64_t count = args.x.shape.elements();
      with_width<float>(aligned({x, y}), [&](auto width) {  // 16 bytes of the wider type
        with_flag(args.y.accumulate, [&](auto accumulate) {
          launch(strided(ceil_div(count, width.value), stream(context)),
                 convert_elements<width.value, accumulate.value, From, To>, y, x, count);
        });
      });
    });
  });
}

}  // namespace kernels::cuda
