#include "kernels/runtime/collective_views.h"

#include "kernels/runtime/error.h"

namespace engine {

std::int64_t whole_bytes(const View& x) { return x.shape.elements() * static_cast<std::int64_t>(size_of(x.dtype)); }

std::int64_t part_bytes(const char* name, const View& x, int ranks) {
  EXPECTS(x.shape.rank() > 0 && x.shape[0] % ranks == 0, name, ": ", ranks, " ranks need equal numbers of rows, got ",
          x.shape);
  return whole_bytes(x) / ranks;
}

}  // namespace engine
