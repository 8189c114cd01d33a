#include "kernels/reduce.h"

#include "kernels/cpu/fixed_order_sum.h"
#include "kernels/cpu/sum_terms.h"

namespace kernels::cpu {

void sum(const Context&, const Sum& args) {
  const std::int64_t count = args.x.shape.elements();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const double total = fixed_order_sum<double>(count, count, [&](std::int64_t begin, std::int64_t end) {
      const T* x = args.x.as<T>() + begin;
      return sum_of(end - begin, [x]<class V>(std::int64_t i, V) { return load_as<V>(x + i); });
    });
    *args.y.as<float>() = static_cast<float>(args.factor * total);
  });
}

void squared_distance(const Context&, const SquaredDistance& args) {
  const std::int64_t count = args.a.shape.elements();
  with_float_type(args.a.dtype, [&]<class T>(T*) {
    const double total = fixed_order_sum<double>(count, count, [&](std::int64_t begin, std::int64_t end) {
      const T *a = args.a.as<T>() + begin, *b = args.b.as<T>() + begin;
      return sum_of(end - begin, [=]<class V>(std::int64_t i, V) {
        const V difference = load_as<V>(a + i) - load_as<V>(b + i);
        return difference * difference;
      });
    });
    *args.y.as<float>() = static_cast<float>(args.factor * total);
  });
}

}  // namespace kernels::cpu
