#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "kernels/runtime/shape.h"

namespace data {

/// Writes a PNG of an image [H,W,C] of bytes, C = 1 (grey) or 3 (RGB). The file appears complete or not at all; on
/// failure throws engine::Error with the path.
void write_png(const std::filesystem::path& path, const engine::Shape& shape, std::span<const std::uint8_t> pixels);

/// A grid of images, each pixel magnified to scale x scale, with thin lines between them: shows what a run trains on.
class ContactSheet {
 public:
  struct Options {
    int rows = 1, columns = 1;
    engine::Shape cell;  ///< [H,W,C] of the largest image to come, C = 1 or 3
    int scale = 1;
  };
  explicit ContactSheet(const Options& options);

  /// Puts an image [h,w,C] no larger than a cell into the top left of cell (row, column).
  void place(int row, int column, const engine::Shape& shape, const std::uint8_t* pixels);
  /// The same for pixels from 0 to 1 (clamped), as in augmented views: [h,w,D], D >= C, of which the first C planes are
  /// shown.
  void place(int row, int column, const engine::Shape& shape, const float* pixels);

  void write(const std::filesystem::path& path) const { write_png(path, shape_, pixels_); }

 private:
  template <class ToByte>
  void fill(int row, int column, const engine::Shape& shape, ToByte to_byte);

  Options options_;
  engine::Shape shape_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace data
