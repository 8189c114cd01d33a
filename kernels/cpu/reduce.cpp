#include "kernels/reduce.h"

#include <array>
#include <bit>
#include <type_traits>

#include "kernels/cpu/fixed_order_sum.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {
namespace {

typedef float HalfFloats __attribute__((vector_size(2 * kLanes)));
typedef double Doubles __attribute__((vector_size(4 * kLanes)));

/// Sums term(i, V), for whole vectors and single elements, in double: each vector lane first, then over the lanes.
template <class Term>
double sum_of(std::int64_t count, const Term& term) {
  Doubles low{}, high{};
  double total = 0;
  for_each_vector(count, [&]<class V>(std::int64_t i, V vector) {
    const V value = term(i, vector);
    if constexpr (std::is_same_v<V, Floats>) {
      const auto halves = std::bit_cast<std::array<HalfFloats, 2>>(value);
      low += __builtin_convertvector(halves[0], Doubles);
      high += __builtin_convertvector(halves[1], Doubles);
    } else {
      total += value;
    }
  });
  for (int lane = 0; lane < kLanes / 2; ++lane) total += low[lane] + high[lane];
  return total;
}

}  // namespace

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
