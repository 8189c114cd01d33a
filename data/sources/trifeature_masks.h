#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace data {

/// The shapes and textures of Hermann & Lampinen 2020, in the order of their class numbers.
enum class Shape { triangle, square, plus, circle, tee, rhombus, pentagon, star, fivesquare, trapezoid };
enum class Texture { solid, stripes, grid, hexgrid, dots, noise, triangles, zigzags, rain, pluses };
inline constexpr int kShapes = 10, kTextures = 10;

/// How much of a pixel is covered, 0 to 255, for a pixel centred at each point of a fine grid.
struct Mask {
  std::int64_t height = 0, width = 0;  ///< in samples
  std::vector<std::uint8_t> coverage;  ///< [height,width]
  double y_scale = 0, x_scale = 0;     ///< samples per pixel of the image
};

/// A shape whose unit square is `side` pixels large. The square begins `margin` samples from the top left; at the
/// edges of the mask nothing is covered.
struct ShapeMask : Mask {
  std::int64_t margin = 0;
};
ShapeMask shape_mask(Shape shape, double side);

/// A texture whose period is `period` pixels long. Its height and width are powers of two, and it goes on at its other
/// edge.
Mask texture_mask(Texture texture, double period);

}  // namespace data
