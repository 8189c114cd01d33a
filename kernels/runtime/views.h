#pragma once
#include <cassert>
#include <cstddef>

#include "kernels/runtime/dtype.h"
#include "kernels/runtime/shape.h"

namespace engine {

/// A tensor as a kernel sees it: an address on the context's device, a dtype and a shape. Not owning. A view without
/// data means "not wanted" or "not given", where an argument struct says so.
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
  /// Rows [begin, begin + count) of the first dimension.
  View narrow(std::int64_t begin, std::int64_t count) const {
    assert(begin >= 0 && count >= 0 && begin + count <= shape[0]);
    const std::int64_t row_bytes = shape.with_rows(1).elements() * static_cast<std::int64_t>(size_of(dtype));
    return {static_cast<std::byte*>(data) + begin * row_bytes, dtype, shape.with_rows(count)};
  }
};

/// The destination of a gradient: `accumulate` says whether to add to it or to overwrite it.
struct Destination {
  View view;
  bool accumulate = false;

  HOST_DEVICE explicit operator bool() const { return view.data != nullptr; }
  Destination narrow(std::int64_t begin, std::int64_t count) const { return {view.narrow(begin, count), accumulate}; }
};

}  // namespace engine
