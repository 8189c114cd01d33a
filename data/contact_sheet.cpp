#include "data/contact_sheet.h"

#include <png.h>

#include <algorithm>

#include "data/text.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLinePx = 1;       // between cells and around them
constexpr std::uint8_t kLineGrey = 96;    // visible next to black and next to white
constexpr std::int64_t kMaxSide = 65500;  // the largest image that viewers open

bool is_grey_or_rgb(const engine::Shape& shape) { return shape.rank() == 3 && (shape[2] == 1 || shape[2] == 3); }

/// Writes the file that `path` links to, by replacing it. Refuses what is not a regular file, such as /dev/stdout.
void write_behind_links(const fs::path& path, const std::string& text) {
  const bool exists = fs::exists(path);
  if (exists && !fs::is_regular_file(path))
    throw engine::Error(engine::concat("cannot write ", path.string(), ": it is there and no regular file"));
  engine::atomic_write_file(exists ? fs::canonical(path) : path, text);
}

}  // namespace

std::string encode_png(const engine::Shape& shape, std::span<const std::uint8_t> pixels, const std::string& name) {
  EXPECTS(is_grey_or_rgb(shape) && shape.elements() == static_cast<std::int64_t>(pixels.size()),
          "png: expected [H,W,1] or ", "[H,W,3] and as many bytes, got ", shape, " and ", pixels.size(), " bytes");
  EXPECTS(std::min(shape[0], shape[1]) >= 1 && std::max(shape[0], shape[1]) <= kMaxSide, "png: expected sides of 1 to ",
          kMaxSide, " pixels, got ", shape[0], " x ", shape[1], " for ", name);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(shape[0]);
  image.width = static_cast<png_uint_32>(shape[1]);
  image.format = shape[2] == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string file(bytes, '\0');
  const bool encoded = png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, nullptr) != 0;
  EXPECTS(encoded, "png: cannot encode ", name, ": ", image.message);
  file.resize(bytes);
  return file;
}

void write_png(const std::filesystem::path& path, const engine::Shape& shape, std::span<const std::uint8_t> pixels) {
  write_behind_links(path, encode_png(shape, pixels, path.string()));
}

ContactSheet::ContactSheet(const Options& options) : options_(options) {
  EXPECTS(is_grey_or_rgb(options.cell), "contact sheet: expected cells [H,W,1] or [H,W,3], got ", options.cell);
  EXPECTS(options.rows >= 1 && options.columns >= 1 && options.scale >= 1,
          "contact sheet: expected at least one row, one column and a scale of 1, got ", options.rows, ", ",
          options.columns, " and ", options.scale);
  const std::int64_t height = top_of(options.rows), width = left_of(options.columns);
  EXPECTS(std::max(height, width) <= kMaxSide, "contact sheet: ", options.rows, " x ", options.columns, " cells of ",
          options.cell, " at scale ", options.scale, " exceed ", kMaxSide, " pixels; show fewer or scale less");
  shape_ = {height, width, options.cell[2]};
  pixels_.assign(static_cast<std::size_t>(shape_.elements()), kLineGrey);
}

std::int64_t ContactSheet::cell_height() const {
  return options_.cell[0] * options_.scale + options_.caption_lines * kTextLine;
}
std::int64_t ContactSheet::cell_width() const { return options_.cell[1] * options_.scale; }
std::int64_t ContactSheet::top_of(int row) const { return row * (cell_height() + kLinePx) + kLinePx; }
std::int64_t ContactSheet::left_of(int column) const { return column * (cell_width() + kLinePx) + kLinePx; }

void ContactSheet::expect_cell(int row, int column) const {
  EXPECTS(row >= 0 && row < options_.rows && column >= 0 && column < options_.columns,
          "contact sheet: there is no cell (", row, ", ", column, ") among ", options_.rows, " x ", options_.columns);
}

int ContactSheet::lines(std::string_view text) const {
  return static_cast<int>(wrapped(text, cell_width() / kTextPitch).size());
}

void ContactSheet::caption(int row, int column, std::string_view text) {
  constexpr std::uint8_t kWhite = 255;
  expect_cell(row, column);
  std::int64_t y = top_of(row) + options_.cell[0] * options_.scale + (kTextLine - kTextPitch) / 2;
  const std::vector<std::string> lines = wrapped(text, cell_width() / kTextPitch);
  for (std::size_t i = 0; i < std::min(lines.size(), static_cast<std::size_t>(options_.caption_lines)); ++i) {
    draw_text(lines[i], y, left_of(column) + 1, kWhite, shape_[0], shape_[1], shape_[2], pixels_.data());
    y += kTextLine;
  }
}

void ContactSheet::place(int row, int column, const engine::Shape& shape, const std::uint8_t* pixels) {
  fill(row, column, shape, [=](std::int64_t i) { return pixels[i]; });
}

void ContactSheet::place(int row, int column, const engine::Shape& shape, const float* pixels) {
  fill(row, column, shape,
       [=](std::int64_t i) { return static_cast<std::uint8_t>(255 * std::clamp(pixels[i], 0.0f, 1.0f) + 0.5f); });
}

template <class ToByte>
void ContactSheet::fill(int row, int column, const engine::Shape& shape, ToByte to_byte) {
  const engine::Shape& cell = options_.cell;
  expect_cell(row, column);
  EXPECTS(shape.rank() == 3 && shape[0] <= cell[0] && shape[1] <= cell[1] && shape[2] >= cell[2],
          "contact sheet: an image ", shape, " does not fit a cell ", cell);
  const std::int64_t scale = options_.scale, channels = cell[2];
  const std::int64_t top = top_of(row), left = left_of(column);
  for (std::int64_t y = 0; y < shape[0] * scale; ++y) {
    std::uint8_t* out = pixels_.data() + ((top + y) * shape_[1] + left) * channels;
    for (std::int64_t x = 0; x < shape[1] * scale; ++x) {
      const std::int64_t pixel = (y / scale * shape[1] + x / scale) * shape[2];
      for (std::int64_t c = 0; c < channels; ++c) *out++ = to_byte(pixel + c);
    }
  }
}

}  // namespace data
