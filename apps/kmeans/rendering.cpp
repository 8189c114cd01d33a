#include "apps/kmeans/rendering.h"

#include <algorithm>

#include "data/image/luma.h"

namespace apps {
namespace {

using Color = std::array<std::uint8_t, 3>;

constexpr std::array<Color, 10> kTableau = {{{0x4E, 0x79, 0xA7},
                                             {0xF2, 0x8E, 0x2B},
                                             {0xE1, 0x57, 0x59},
                                             {0x76, 0xB7, 0xB2},
                                             {0x59, 0xA1, 0x4F},
                                             {0xED, 0xC9, 0x48},
                                             {0xB0, 0x7A, 0xA1},
                                             {0xFF, 0x9D, 0xA7},
                                             {0x9C, 0x75, 0x5F},
                                             {0xBA, 0xB0, 0xAC}}};

std::vector<std::uint8_t> image_of(const data::Extent& extent, int channels) {
  return std::vector<std::uint8_t>(static_cast<std::size_t>(extent.pixels() * channels));
}

}  // namespace

Color cluster_color(std::int32_t cluster) {
  const auto place = static_cast<std::size_t>(cluster);
  Color color = kTableau[place % kTableau.size()];
  for (std::size_t round = 0; round < place / kTableau.size(); ++round) {
    for (std::uint8_t& channel : color) channel = static_cast<std::uint8_t>(channel * 7 / 10);
  }
  return color;
}

std::vector<std::uint8_t> grid_colors(std::span<const std::int32_t> labels) {
  std::vector<std::uint8_t> colors;
  for (const std::int32_t label : labels) {
    const Color color = cluster_color(label);
    colors.insert(colors.end(), color.begin(), color.end());
  }
  return colors;
}

std::vector<std::uint8_t> painted_grid(std::span<const std::int32_t> labels, const data::Extent& grid,
                                       const data::Extent& size, Upsampling upsampling) {
  const std::vector<std::uint8_t> colors = grid_colors(labels);
  std::vector<std::uint8_t> painted = image_of(size, 3);
  switch (upsampling) {
    case Upsampling::bilinear: {
      data::ResizeScratch scratch;
      data::resize({.pixels = colors.data(), .extent = grid}, 3, size, painted.data(), scratch);
      break;
    }
    case Upsampling::nearest: {
      std::uint8_t* out = painted.data();
      for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
          const std::int64_t cell = y * grid.height / size.height * grid.width + x * grid.width / size.width;
          out = std::copy_n(colors.data() + 3 * cell, 3, out);
        }
      }
    }
  }
  return painted;
}

std::vector<std::uint8_t> faded(std::span<const std::uint8_t> rgb) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = 0; i < rgb.size(); i += 3)
    result.push_back(static_cast<std::uint8_t>((data::luma(rgb[i], rgb[i + 1], rgb[i + 2]) + 255 + 1) / 2));
  return result;
}

std::vector<std::uint8_t> overlaid(std::span<const std::uint8_t> rgb, std::span<const std::uint8_t> colors) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = 0; i < rgb.size(); i += 3) {
    const unsigned below = data::luma(rgb[i], rgb[i + 1], rgb[i + 2]) + 255u;
    for (std::size_t c = 0; c < 3; ++c)
      result.push_back(static_cast<std::uint8_t>((2u * colors[i + c] + below + 2) / 4));
  }
  return result;
}

std::vector<std::uint8_t> magnified(const data::ConstImage& rgb, std::int64_t scale) {
  const data::Extent to{rgb.extent.height * scale, rgb.extent.width * scale};
  std::vector<std::uint8_t> result = image_of(to, 3);
  std::uint8_t* out = result.data();
  for (std::int64_t y = 0; y < to.height; ++y) {
    for (std::int64_t x = 0; x < to.width; ++x)
      out = std::copy_n(rgb.pixels + 3 * (y / scale * rgb.extent.width + x / scale), 3, out);
  }
  return result;
}

Thumbnail thumbnail(const data::ConstImage& image, int channels, std::int64_t most) {
  const std::int64_t longer = std::max(image.extent.height, image.extent.width);
  const auto side = [&](std::int64_t pixels) {
    return longer <= most ? pixels : std::max<std::int64_t>((2 * pixels * most + longer) / (2 * longer), 1);
  };
  Thumbnail small{.extent = {side(image.extent.height), side(image.extent.width)}, .pixels = {}};
  small.pixels = image_of(small.extent, channels);
  data::ResizeScratch scratch;
  data::resize(image, channels, small.extent, small.pixels.data(), scratch);
  return small;
}

}  // namespace apps
