#include "kernels/reduce.h"

#include "kernels/cpu/fixed_order_sum.h"

namespace kernels::cpu {

void sum(const Context&, const Sum& args) {
  const std::int64_t count = args.x.shape.elements();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    const double total = fixed_order_sum<double>(count, count, [x](std::int64_t begin, std::int64_t end) {
      double partial = 0;
#pragma omp simd reduction(+ : partial)
      for (std::int64_t i = begin; i < end; ++i) partial += static_cast<float>(x[i]);
      return partial;
    });
    *args.y.as<float>() = static_cast<float>(args.factor * total);
  });
}

}  // namespace kernels::cpu
