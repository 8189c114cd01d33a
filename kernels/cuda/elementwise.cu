#include "kernels/elementwise.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
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

template <bool kAccumulate, int kWidth, class T, class F, class... Loaded>
__device__ __forceinline__ void combine(T* to, const F& f, const Loaded&... inputs) {
  float values[kWidth];
#pragma unroll
  for (int j = 0; j < kWidth; ++j) values[j] = f(static_cast<float>(inputs.lane[j])...);
  write<kAccumulate>(to, values);
}

// to[i] (+)= f(inputs[i]...)
template <int kWidth, bool kAccumulate, class F, class T, class... Inputs>
__global__ void __launch_bounds__(kThreads) elementwise(T* to, std::int64_t count, F f, const Inputs*... inputs) {
  for (std::int64_t i = first_in_grid() * kWidth; i < count; i += grid_stride() * kWidth) {
    if (i + kWidth <= count) {
      combine<kAccumulate, kWidth>(to + i, f, load<kWidth>(inputs + i)...);
    } else {
      for (std::int64_t j = i; j < count; ++j) combine<kAccumulate, 1>(to + j, f, load<1>(inputs + j)...);
    }
  }
}

template <class T, class F, class... Inputs>
void write_elements(const Context& context, const Destination& to, const F& f, const Inputs*... inputs) {
  T* y = to.view.as<T>();
  const std::int64_t count = to.view.shape.elements();
  with_width<T>(aligned({y, inputs...}), [&](auto width) {
    with_flag(to.accumulate, [&](auto accumulate) {
      launch(strided(ceil_div(count, width.value), stream(context)),
             elementwise<width.value, accumulate.value, F, T, Inputs...>, y, count, f, inputs...);
    });
  });
}

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
