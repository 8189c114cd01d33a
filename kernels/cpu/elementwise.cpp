#include "kernels/elementwise.h"

#include "kernels/cpu/loops.h"

namespace kernels::cpu {

void fill(const Context&, const Fill& args) {
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    write_elements<T>({args.y}, [value = args.value](std::int64_t) { return value; });
  });
}

void scale(const Context&, const Scale& args) {
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    write_elements<T>(args.y, [=, alpha = args.alpha](std::int64_t i) { return alpha * static_cast<float>(x[i]); });
  });
}

void scale_by(const Context&, const ScaleBy& args) {
  const float scalar = *args.scalar.as<float>();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    write_elements<T>(args.y, [=](std::int64_t i) { return scalar * static_cast<float>(x[i]); });
  });
}

void add(const Context&, const Add& args) {
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    const T *a = args.a.as<T>(), *b = args.b.as<T>();
    write_elements<T>({args.y}, [=](std::int64_t i) { return static_cast<float>(a[i]) + static_cast<float>(b[i]); });
  });
}

void multiply(const Context&, const Multiply& args) {
  with_float_type(args.a.dtype, [&]<class T>(T*) {
    const T *a = args.a.as<T>(), *b = args.b.as<T>();
    write_elements<T>(args.y, [=](std::int64_t i) { return static_cast<float>(a[i]) * static_cast<float>(b[i]); });
  });
}

void scaled_difference(const Context&, const ScaledDifference& args) {
  const float factor = args.alpha * *args.scalar.as<float>();
  with_float_type(args.a.dtype, [&]<class T>(T*) {
    const T *a = args.a.as<T>(), *b = args.b.as<T>();
    write_elements<T>(args.y,
                      [=](std::int64_t i) { return factor * (static_cast<float>(a[i]) - static_cast<float>(b[i])); });
  });
}

void broadcast(const Context&, const Broadcast& args) {
  const float value = args.alpha * *args.scalar.as<float>();
  with_float_type(args.y.view.dtype,
                  [&]<class T>(T*) { write_elements<T>(args.y, [=](std::int64_t) { return value; }); });
}

void relu_forward(const Context&, const ReluForward& args) {
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    write_elements<T>({args.y}, [=](std::int64_t i) {
      const float value = x[i];
      return value < 0 ? 0.0f : value;  // NaN passes through this comparison
    });
  });
}

void relu_backward(const Context&, const ReluBackward& args) {
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T *dy = args.dy.as<T>(), *y = args.y.as<T>();
    write_elements<T>(args.dx, [=](std::int64_t i) {
      const float gradient = dy[i];  // loaded in both cases: a select, not a branch mispredicted half of the time
      return static_cast<float>(y[i]) > 0 ? gradient : 0.0f;
    });
  });
}

}  // namespace kernels::cpu
