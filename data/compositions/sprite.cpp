#include "data/compositions/sprite.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "data/image/resize.h"

namespace data {
namespace {

/// Writes every value `channels` times.
void repeat(const std::uint8_t* grey, std::int64_t count, int channels, std::uint8_t* out) {
  if (channels == 3) {  // a constant number of channels compiles to vector code
    for (std::int64_t i = 0; i < count; ++i) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = grey[i];
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) std::fill_n(out + i * channels, channels, grey[i]);
}

/// Blends a constant number of bytes, which compiles to a vector instruction or two.
template <std::size_t kBytes, class Pixel>
void blend_block(const std::uint8_t* from, std::uint8_t* out, Pixel pixel) {
  std::array<std::uint8_t, kBytes> below, above;
  std::memcpy(below.data(), out, kBytes);
  std::memcpy(above.data(), from, kBytes);
#pragma omp simd
  for (std::size_t i = 0; i < kBytes; ++i) below[i] = pixel(below[i], above[i]);
  std::memcpy(out, below.data(), kBytes);
}

/// Rows are short (84 bytes for a digit of 28 pixels in colour): most of a plain loop's time goes into its last bytes.
template <class Pixel>
void blend_row(const std::uint8_t* from, std::uint8_t* out, std::int64_t bytes, Pixel pixel) {
  const auto blend = [&]<std::size_t kBytes>(std::integral_constant<std::size_t, kBytes>) {
    blend_block<kBytes>(from, out, pixel);
    from += kBytes;
    out += kBytes;
  };
  for (std::int64_t i = bytes / 32; i > 0; --i) blend(std::integral_constant<std::size_t, 32>{});
  if ((bytes & 16) != 0) blend(std::integral_constant<std::size_t, 16>{});
  if ((bytes & 8) != 0) blend(std::integral_constant<std::size_t, 8>{});
  if ((bytes & 4) != 0) blend(std::integral_constant<std::size_t, 4>{});
  for (std::int64_t i = bytes & 3; i > 0; --i) blend(std::integral_constant<std::size_t, 1>{});
}

template <class Pixel>
void blend_rows(const Sprite& sprite, std::uint8_t* out, std::int64_t stride, int channels, Pixel pixel) {
  const std::int64_t bytes = sprite.extent.width * channels;
  for (std::int64_t y = 0; y < sprite.extent.height; ++y) {
    blend_row(sprite.pixels + y * bytes, out + y * stride, bytes, pixel);
  }
}

}  // namespace

Sprite sprite_of(Example& example, const Extent& extent, int channels) {
  Example* grey = &example;
  if (extent != example.extent) {
    thread_local ResizeScratch memory;  // nothing in it outlives the call
    grey = &example.scratch();
    resize({.pixels = example.pixels.data(), .extent = example.extent}, 1, extent, grey->resize(extent, 1), memory);
  }
  if (channels == 1) return {.pixels = grey->pixels.data(), .extent = extent};
  std::uint8_t* pixels = grey->scratch().resize(extent, channels);
  repeat(grey->pixels.data(), extent.pixels(), channels, pixels);
  return {.pixels = pixels, .extent = extent};
}

void blend(const Sprite& sprite, std::int64_t y, std::int64_t x, Combine combine, const Canvas& canvas) {
  const std::int64_t stride = canvas.extent.width * canvas.channels;
  std::uint8_t* out = canvas.pixels + y * stride + x * canvas.channels;
  if (combine == Combine::max) {
    blend_rows(sprite, out, stride, canvas.channels, [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
  } else {  // the sum in eight bits: what is added is at most what is left to 255
    blend_rows(sprite, out, stride, canvas.channels, [](std::uint8_t a, std::uint8_t b) {
      return static_cast<std::uint8_t>(a + std::min(b, static_cast<std::uint8_t>(255 - a)));
    });
  }
}

}  // namespace data
