#pragma once
#include "kernels/runtime/host_device.h"

namespace engine {

/// a / b rounded up, for integers a >= 0 and b > 0.
template <class A, class B>
HOST_DEVICE constexpr auto ceil_div(A a, B b) {
  return (a + b - 1) / b;
}

/// The smallest multiple of `step` that is at least `value`.
template <class A, class B>
HOST_DEVICE constexpr auto round_up(A value, B step) {
  return ceil_div(value, step) * step;
}

}  // namespace engine
