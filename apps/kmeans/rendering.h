#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/image/resize.h"
#include "data/source.h"
#include "kernels/runtime/names.h"

namespace apps {

/// How the colours of a grid become those of pixels: each pixel that of its cell, or bilinear between the cells.
enum class Upsampling { nearest, bilinear };

/// A colour per cluster: Tableau's ten, then the same darker.
std::array<std::uint8_t, 3> cluster_color(std::int32_t cluster);

/// The colours of a grid of clusters, [rows,columns,3].
std::vector<std::uint8_t> grid_colors(std::span<const std::int32_t> labels);

/// The same as an image of `size`, [height,width,3].
std::vector<std::uint8_t> painted_grid(std::span<const std::int32_t> labels, const data::Extent& grid,
                                       const data::Extent& size, Upsampling upsampling);

/// 1/2 grey + 1/2 white of an RGB image: what an overlay has below the colours. [height,width]
std::vector<std::uint8_t> faded(std::span<const std::uint8_t> rgb);

/// Figures 3 and 4: 1/2 colour + 1/4 grey + 1/4 white. Both [height,width,3].
std::vector<std::uint8_t> overlaid(std::span<const std::uint8_t> rgb, std::span<const std::uint8_t> colors);

/// Each pixel of an image of 3 channels as scale x scale.
std::vector<std::uint8_t> magnified(const data::ConstImage& rgb, std::int64_t scale);

/// An image of `channels` channels shrunk so that no side is longer than `most`; smaller ones stay as they are.
struct Thumbnail {
  data::Extent extent;
  std::vector<std::uint8_t> pixels;
};
Thumbnail thumbnail(const data::ConstImage& image, int channels, std::int64_t most);

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::Upsampling> = {"nearest", "bilinear"};
