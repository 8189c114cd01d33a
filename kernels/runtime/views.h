#pragma once
#include <cassert>

#include "kernels/runtime/dtype.h"
#include "kernels/runtime/shape.h"

namespace engine {

/// What a kernel sees of a tensor: an address on the context's device, a dtype and a shape. Not owning.
/// A view with no data means "not wanted" or "not given", where an args struct says so.
struct ConstView {
  const void* data = nullptr;
  Dtype dtype = Dtype::f32;
  Shape shape;

  HOST_DEVICE explicit operator bool() const { return data != nullptr; }
  template <class T>
  HOST_DEVICE const T* as() const {
    assert(dtype == dtype_of<T>);
    return static_cast<const T*>(data);
  }
};

struct View {
  void* data = nullptr;
  Dtype dtype = Dtype::f32;
  Shape shape;

  HOST_DEVICE explicit operator bool() const { return data != nullptr; }
  HOST_DEVICE operator ConstView() const { return {data, dtype, shape}; }
  template <class T>
  HOST_DEVICE T* as() const {
    assert(dtype == dtype_of<T>);
    return static_cast<T*>(data);
  }
};

/// Where a gradient goes: `accumulate` says whether to add to what is there or to overwrite it.
struct Destination {
  View view;
  bool accumulate = false;

  HOST_DEVICE explicit operator bool() const { return view.data != nullptr; }
};

}  // namespace engine
