#pragma once
#include <cstdint>
#include <vector>

#include "data/source.h"

namespace data {

/// Pixels [height,width,channels] in someone else's memory.
struct ConstImage {
  const std::uint8_t* pixels = nullptr;
  Extent extent;
};

/// A part of an image.
struct Box {
  std::int64_t top = 0, left = 0;
  Extent extent;
  bool operator==(const Box&) const = default;
};

/// Where the samples of one side of a resized image come from: sample i is the sum of weights[begin + k] times sample
/// first + k of the original.
struct ResizeTaps {
  struct Row {
    std::int64_t first = 0;
    std::int32_t count = 0;
    std::size_t begin = 0;
  };
  std::vector<Row> rows;
  std::vector<float> weights;
  std::vector<std::uint16_t> fixed;  ///< the weights as 65536ths, if there are few
  std::int64_t most = 0;             ///< of a sample
};

/// What resize() needs beside its images. Reuse it: its memory then stays.
struct ResizeScratch {
  ResizeTaps down, across;
  std::vector<float> columns;
  std::vector<std::uint16_t> fixed_columns;
  std::vector<std::uint8_t> block;
};

/// Resizes by a triangle filter, which covers all pixels of the original where the image shrinks (antialiasing) and is
/// plain bilinear interpolation where it grows: PIL's BILINEAR, to within a level, since sums are rounded once and not
/// after each direction. Where a pixel is a mean of few others, which is faster, it may be a fiftieth of a level off
/// before it is rounded. The bytes are the same on every processor.
void resize(const ConstImage& from, int channels, const Extent& to, std::uint8_t* out, ResizeScratch& scratch);

/// The pixels of `part` alone of the image that has been resized to `to`.
void resize_part(const ConstImage& from, int channels, const Extent& to, const Box& part, std::uint8_t* out,
                 ResizeScratch& scratch);

/// The smallest size of the image's shape that covers `part`: its shorter side then is a square's side, and its longer
/// side is rounded down, as by torchvision's Resize.
Extent covering(const Extent& image, const Extent& part);

/// The middle of an image that is no smaller, as by torchvision's CenterCrop.
Box centre(const Extent& image, const Extent& part);

}  // namespace data
