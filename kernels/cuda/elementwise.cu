#include "kernels/elementwise.h"

#include "kernels/cuda/map_elements.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

struct Constantly {
  float value;
  __device__ float operator()() const { return value; }
};
struct TimesScalar {
  const float* scalar;
  float alpha;
  __device__ float operator()() const { return alpha * __ldg(scalar); }
  __device__ float operator()(float x) const { return alpha * __ldg(scalar) * x; }
};
struct TimesDifference {
  const float* scalar;
  float alpha;
  __device__ float operator()(float a, float b) const { return alpha * __ldg(scalar) * (a - b); }
};
struct Times {
  float alpha;
  __device__ float operator()(float x) const { return alpha * x; }
};
struct Plus {
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Product {
  __device__ float operator()(float a, float b) const { return a * b; }
};
struct Relu {
  __device__ float operator()(float x) const { return x < 0 ? 0.0f : x; }  // NaN passes through this comparison
};
struct WherePositive {
  __device__ float operator()(float dy, float y) const { return y > 0 ? dy : 0.0f; }
};

}  // namespace

void fill(const Context& context, const Fill& args) {
  with_float_type(args.y.dtype, [&]<class T>(T*) { write_elements<T>(context, {args.y}, Constantly{args.value}); });
}

void scale(const Context& context, const Scale& args) {
  with_float_type(args.x.dtype,
                  [&]<class T>(T*) { write_elements<T>(context, args.y, Times{args.alpha}, args.x.as<T>()); });
}

void scale_by(const Context& context, const ScaleBy& args) {
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    write_elements<T>(context, args.y, TimesScalar{.scalar = args.scalar.as<float>(), .alpha = 1}, args.x.as<T>());
  });
}

void add(const Context& context, const Add& args) {
  with_float_type(args.y.dtype,
                  [&]<class T>(T*) { write_elements<T>(context, {args.y}, Plus{}, args.a.as<T>(), args.b.as<T>()); });
}

void multiply(const Context& context, const Multiply& args) {
  with_float_type(args.a.dtype,
                  [&]<class T>(T*) { write_elements<T>(context, args.y, Product{}, args.a.as<T>(), args.b.as<T>()); });
}

void scaled_difference(const Context& context, const ScaledDifference& args) {
  with_float_type(args.a.dtype, [&]<class T>(T*) {
    write_elements<T>(context, args.y, TimesDifference{args.scalar.as<float>(), args.alpha}, args.a.as<T>(),
                      args.b.as<T>());
  });
}

void broadcast(const Context& context, const Broadcast& args) {
  with_float_type(args.y.view.dtype, [&]<class T>(T*) {
    write_elements<T>(context, args.y, TimesScalar{args.scalar.as<float>(), args.alpha});
  });
}

void relu_forward(const Context& context, const ReluForward& args) {
  with_float_type(args.y.dtype, [&]<class T>(T*) { write_elements<T>(context, {args.y}, Relu{}, args.x.as<T>()); });
}

void relu_backward(const Context& context, const ReluBackward& args) {
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    write_elements<T>(context, args.dx, WherePositive{}, args.dy.as<T>(), args.y.as<T>());
  });
}

}  // namespace kernels::cuda
