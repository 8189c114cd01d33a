#include "kernels/add_bias.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {

void add_bias(const Context& context, const AddBias& args) {
  const std::int64_t count = args.y.shape.elements(), channels = args.y.shape.cols();
  if (count == 0) return;
  // The bias once per row, for so many rows that loops over them are vectorised, also with one channel.
  const std::int64_t period = channels * ceil_div(256, channels);
  std::vector<float> repeated(static_cast<std::size_t>(period));
  const float* bias = args.bias.as<float>();
  for (std::int64_t i = 0; i < period; ++i) repeated[static_cast<std::size_t>(i)] = bias[i % channels];
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    T* y = args.y.as<T>();
    const float* added = repeated.data();
#pragma omp parallel for schedule(static) num_threads(context.threads()) if (count >= kParallelElements)
    for (std::int64_t begin = 0; begin < count; begin += period) {
      T* part = y + begin;
      const std::int64_t size = std::min(period, count - begin);
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) store(part[i], static_cast<float>(part[i]) + added[i]);
    }
  });
}

}  // namespace kernels::cpu
