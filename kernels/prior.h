#pragma once
#include "kernels/kernel.h"
#include "kernels/runtime/host_device.h"
#include "kernels/runtime/names.h"

namespace kernels {

/// The distributions that embeddings are compared with.
enum class Prior { sphere, cube, normal };

/// Uniform in (-width, width), from a random word.
HOST_DEVICE inline float uniform_number(std::uint32_t word, float width) {
  return width * (static_cast<float>(static_cast<std::int32_t>(word)) * 0x1p-31f + 0x1p-32f);
}

// Independent rows of a prior. sphere: g / |g|, uniform on the unit sphere, g standard normal; cube: uniform in
// (-scale, scale)^d; normal: N(0, scale^2 I). Row i is drawn by Philox(seed, prior, 0, step * N + i): it depends on no
// other row.
struct DrawPrior {
  std::uint64_t seed;
  ConstView step;  // i32, one element, in device memory; absent: 0
  Prior prior;
  float scale;  // half the cube's width, or the standard deviation; no meaning for a sphere
  View rows;    // f32 [N,d]
  Cost cost() const { return {.bytes = bytes_of(rows), .operations = 30 * rows.shape.elements()}; }
};

// column[i] = std * the quantile (i + 1) / (N + 1) of a standard normal number: what a sorted sample of N numbers looks
// like on average, without its noise. Computed in double.
struct NormalQuantiles {
  float std;
  View column;  // f32 [N]
  Cost cost() const { return {.bytes = bytes_of(column), .operations = 40 * column.shape.elements()}; }
};

KERNEL(draw_prior, DrawPrior);
KERNEL(normal_quantiles, NormalQuantiles);

}  // namespace kernels

template <>
inline constexpr std::array engine::kNames<kernels::Prior> = {"sphere", "cube", "normal"};
