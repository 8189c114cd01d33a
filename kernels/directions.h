#pragma once
#include "kernels/kernel.h"

namespace kernels {

// k random directions of R^d that are orthogonal to each other: the first k columns of an orthogonal matrix that is
// distributed evenly (Haar) over all of them. With G a d x k matrix of standard normal numbers and G = Q R, the
// directions are the columns of Q times the signs of R's diagonal (Mezzadri 2007), as in Keras' Orthogonal initializer.
// Gram-Schmidt, here in double, gives exactly these.
struct DrawDirections {
  std::uint64_t seed;
  ConstView step;   // i32, one element, in device memory; absent: 0, the same directions at every step
  View directions;  // f32 [k,d], k <= d: a direction per row
  Cost cost() const {
    const std::int64_t k = directions.shape.rows(), d = directions.shape.cols();
    return {.bytes = bytes_of(directions), .operations = 2 * k * k * d};
  }
};

/// Throws when there are more directions than dimensions, or for another dtype or shape.
inline void expect_valid(const DrawDirections& args) {
  const Shape& shape = args.directions.shape;
  EXPECTS(args.directions.dtype == Dtype::f32 && shape.rank() == 2 && shape[0] <= shape[1],
          "draw_directions: directions must be f32 [k,d] with k <= d, since no more than d directions are orthogonal, "
          "got ",
          engine::name(args.directions.dtype), " ", shape);
}

KERNEL(draw_directions, DrawDirections);

}  // namespace kernels
