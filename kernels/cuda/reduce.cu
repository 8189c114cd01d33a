#include "kernels/reduce.h"

#include "kernels/cuda/sum_terms.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

struct Itself {
  __device__ float operator()(float x) const { return x; }
};
struct SquareOfDifference {
  __device__ float operator()(float a, float b) const { return (a - b) * (a - b); }
};

}  // namespace

void sum(const Context& context, const Sum& args) {
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    sum_terms(context, args.x.shape.elements(), args.factor, args.y, Itself{}, args.x.as<T>());
  });
}

void squared_distance(const Context& context, const SquaredDistance& args) {
  with_float_type(args.a.dtype, [&]<class T>(T*) {
    sum_terms(context, args.a.shape.elements(), args.factor, args.y, SquareOfDifference{}, args.a.as<T>(),
              args.b.as<T>());
  });
}

}  // namespace kernels::cuda
