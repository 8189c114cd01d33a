#pragma once
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>

#include "kernels/runtime/host_device.h"

namespace engine {

/// Up to five dimensions, stored inline and trivially copyable, so that a Shape is passed to a device kernel by value.
/// A shape of rank 0 is a scalar and has one element. Tensors are dense and row-major: the last dimension is
/// contiguous.
class Shape {
 public:
  static constexpr int kMaxRank = 5;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);  ///< throws for more than kMaxRank or for negative dimensions

  HOST_DEVICE int rank() const { return rank_; }
  HOST_DEVICE std::int64_t operator[](int i) const {
    assert(i >= 0 && i < rank_);
    return dims_[i];
  }
  HOST_DEVICE std::int64_t elements() const {
    std::int64_t product = 1;
    for (int i = 0; i < rank_; ++i) product *= dims_[i];
    return product;
  }
  /// The matrix view: the last dimension is `cols`, all others together are `rows` (a scalar is 1 x 1).
  HOST_DEVICE std::int64_t cols() const { return rank_ == 0 ? 1 : dims_[rank_ - 1]; }
  HOST_DEVICE std::int64_t rows() const {
    std::int64_t product = 1;
    for (int i = 0; i + 1 < rank_; ++i) product *= dims_[i];
    return product;
  }
  /// The same shape with another first dimension.
  Shape with_rows(std::int64_t first) const;

  friend bool operator==(const Shape& a, const Shape& b);
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape);  ///< prints [2,3,4]

 private:
  std::int64_t dims_[kMaxRank] = {};
  int rank_ = 0;
};

}  // namespace engine
