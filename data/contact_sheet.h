#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/shape.h"

namespace data {

/// A PNG of an image [H,W,C] of bytes, C = 1 (grey) or 3 (RGB). `name` is for messages.
std::string encode_png(const engine::Shape& shape, std::span<const std::uint8_t> pixels, const std::string& name);
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
    int caption_lines = 0;  ///< lines of text under each cell
  };
  explicit ContactSheet(const Options& options);

  /// Puts an image [h,w,C] no larger than a cell into the top left of cell (row, column).
  void place(int row, int column, const engine::Shape& shape, const std::uint8_t* pixels);
  /// The same for pixels from 0 to 1 (clamped), as in augmented views: [h,w,D], D >= C, of which the first C planes are
  /// shown.
  void place(int row, int column, const engine::Shape& shape, const float* pixels);

  /// Writes a text under cell (row, column): as many lines of it as a cell has.
  void caption(int row, int column, std::string_view text);
  /// How many lines a text takes under a cell.
  int lines(std::string_view text) const;

  void write(const std::filesystem::path& path) const { write_png(path, shape_, pixels_); }

 private:
  std::int64_t cell_height() const;
  std::int64_t cell_width() const;
  std::int64_t top_of(int row) const;
  std::int64_t left_of(int column) const;
  void expect_cell(int row, int column) const;
  template <class ToByte>
  void fill(int row, int column, const engine::Shape& shape, ToByte to_byte);

  Options options_;
  engine::Shape shape_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace data
