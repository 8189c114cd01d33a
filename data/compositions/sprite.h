#pragma once
#include <cstdint>

#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// How a sprite and what is below it make a pixel.
enum class Combine {
  max,  ///< the brighter of the two
  sum,  ///< their sum, at most 255
};

/// A small image [height,width,channels], 0 where it shows nothing.
struct Sprite {
  const std::uint8_t* pixels = nullptr;
  Extent extent;
};

/// The image [height,width,channels] that sprites are drawn on.
struct Canvas {
  std::uint8_t* pixels = nullptr;
  Extent extent;
  int channels = 0;
};

/// The grey image in `example`, scaled to `extent` (antialiased, bilinear) and repeated over `channels` channels. It
/// lies in `example` or its scratch, until that is used for something else.
Sprite sprite_of(Example& example, const Extent& extent, int channels);

/// Draws a sprite with as many channels as the canvas, its top left pixel at row y and column x. It must lie within the
/// canvas.
void blend(const Sprite& sprite, std::int64_t y, std::int64_t x, Combine combine, const Canvas& canvas);

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::Combine> = {"max", "sum"};
