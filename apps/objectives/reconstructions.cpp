#include "apps/objectives/reconstructions.h"

#include <algorithm>
#include <cmath>

#include "kernels/runtime/rounding.h"

namespace apps {
namespace {

using engine::Shape;

constexpr int kPairsPerRow = 4;
constexpr std::int64_t kLargeSide = 112;  // smaller images are magnified to about this
constexpr float kGround = 0.375f;         // around the blocks: visible beside black and beside white

/// Where a picture and its bits are in a cell.
class Cell {
 public:
  Cell(const Shape& planes, int bit_planes)
      : height_(planes[1]),
        width_(planes[2]),
        planes_(planes[3]),
        shown_(planes[3] - bit_planes == 3 ? 3 : 1),
        bits_(bit_planes),
        pitch_(std::max<std::int64_t>(4, width_ / 16)),
        blocks_per_row_(std::max<std::int64_t>(1, width_ / pitch_)) {}

  Shape shape() const {
    return {height_ + engine::ceil_div(bits_, blocks_per_row_) * pitch_, std::max(width_, pitch_), shown_};
  }

  /// The pixels of a cell, from those of an image.
  std::vector<float> of(const float* image) const {
    const Shape cell = shape();
    std::vector<float> pixels(static_cast<std::size_t>(cell.elements()), kGround);
    const auto at = [&](std::int64_t y, std::int64_t x) { return pixels.data() + (y * cell[1] + x) * shown_; };
    for (std::int64_t y = 0; y < height_; ++y) {
      for (std::int64_t x = 0; x < width_; ++x) std::copy_n(image + (y * width_ + x) * planes_, shown_, at(y, x));
    }
    for (std::int64_t bit = 0; bit < bits_; ++bit) {
      const std::int64_t top = height_ + bit / blocks_per_row_ * pitch_ + 1, left = bit % blocks_per_row_ * pitch_;
      const float value = mean_of_plane(image, planes_ - bits_ + bit);
      for (std::int64_t y = top; y < top + pitch_ - 1; ++y) { std::fill_n(at(y, left), (pitch_ - 1) * shown_, value); }
    }
    return pixels;
  }

 private:
  float mean_of_plane(const float* image, std::int64_t plane) const {
    double sum = 0;
    for (std::int64_t i = 0; i < height_ * width_; ++i) sum += static_cast<double>(image[i * planes_ + plane]);
    return static_cast<float>(sum / static_cast<double>(height_ * width_));
  }

  std::int64_t height_, width_, planes_, shown_, bits_, pitch_, blocks_per_row_;
};

}  // namespace

data::ContactSheet reconstructions(const ImagePlanes& layout, const std::vector<float>& images,
                                   const std::vector<float>& logits) {
  const Cell cell(layout.planes, layout.bit_planes);
  const std::int64_t count = layout.planes[0], elements = layout.planes.elements() / std::max<std::int64_t>(count, 1);
  const std::int64_t scale = kLargeSide / std::max(layout.planes[1], layout.planes[2]);
  data::ContactSheet sheet({.rows = static_cast<int>(std::max<std::int64_t>(engine::ceil_div(count, kPairsPerRow), 1)),
                            .columns = 2 * kPairsPerRow,
                            .cell = cell.shape(),
                            .scale = static_cast<int>(std::max<std::int64_t>(scale, 1))});
  std::vector<float> probabilities(logits.size());
  std::transform(logits.begin(), logits.end(), probabilities.begin(), [](float l) { return 1 / (1 + std::exp(-l)); });
  for (std::int64_t i = 0; i < count; ++i) {
    const int row = static_cast<int>(i / kPairsPerRow), column = static_cast<int>(i % kPairsPerRow);
    sheet.place(row, 2 * column, cell.shape(), cell.of(images.data() + i * elements).data());
    sheet.place(row, 2 * column + 1, cell.shape(), cell.of(probabilities.data() + i * elements).data());
  }
  return sheet;
}

}  // namespace apps
