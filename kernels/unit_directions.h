#pragma once
#include "kernels/kernel.h"

namespace kernels {

// m unit vectors of random direction, each a vector of independent normal numbers over its length. Direction r of a
// step comes from Philox(seed, directions, r, step) alone: it is the same however many are drawn at a time. With h =
// ceil(d / 2), words 2p and 2p + 1 of the stream give elements p and p + h; the last word's number is left out if d is
// odd.
struct UnitDirections {
  std::uint64_t seed;
  ConstView step;          // i32, one element, in device memory
  std::int64_t first = 0;  // the first direction's number; all numbers are below 2^24
  View directions;         // f32 [m,d], a direction per row
  Cost cost() const {
    return {.bytes = bytes_of(ConstView(directions)), .operations = 40 * directions.shape.elements()};
  }
};

KERNEL(unit_directions, UnitDirections);

}  // namespace kernels
