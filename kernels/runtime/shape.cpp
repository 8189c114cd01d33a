#include "kernels/runtime/shape.h"

#include <algorithm>
#include <ostream>

#include "kernels/runtime/error.h"

namespace engine {

Shape::Shape(std::initializer_list<std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  EXPECTS(dims.size() <= kMaxRank, "shape: at most ", kMaxRank, " dimensions, got ", dims.size());
  EXPECTS(std::all_of(dims.begin(), dims.end(), [](std::int64_t d) { return d >= 0; }),
          "shape: dimensions must not be negative");
  std::copy(dims.begin(), dims.end(), dims_);
}

Shape Shape::with_rows(std::int64_t first) const {
  EXPECTS(rank_ > 0, "shape: a scalar has no first dimension to replace");
  Shape result = *this;
  result.dims_[0] = first;
  return result;
}

bool operator==(const Shape& a, const Shape& b) {
  return a.rank_ == b.rank_ && std::equal(a.dims_, a.dims_ + a.rank_, b.dims_);
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank_; ++i) out << (i ? "," : "") << shape.dims_[i];
  return out << ']';
}

}  // namespace engine
