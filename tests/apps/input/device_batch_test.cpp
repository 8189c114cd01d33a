#include "apps/input/device_batch.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/input/run_data.h"
#include "kernels/context.h"

using namespace apps;

namespace {

/// Images whose pixels encode their position: 3 x column in the first channel, 3 x row in the second.
class Coordinates final : public data::Source {
 public:
  Coordinates(std::int64_t height, std::int64_t width) : height_(height), width_(width) {}

  std::int64_t size() const override { return 1000; }
  engine::Shape image_shape() const override { return {height_, width_, 2}; }
  int classes() const override { return 1; }
  void image(std::int64_t, std::uint8_t* out) const override {
    for (std::int64_t i = 0; i < height_ * width_; ++i) {
      out[2 * i] = static_cast<std::uint8_t>(3 * (i % width_));
      out[2 * i + 1] = static_cast<std::uint8_t>(3 * (i / width_));
    }
  }
  std::int32_t label(std::int64_t) const override { return 0; }
  std::string describe() const override { return "coordinates"; }

 private:
  std::int64_t height_, width_;
};

struct Size {
  double height, width;
};

/// The mean size of the crops in an augmented batch, from the slope of the coordinates in the middle of each crop.
Size mean_crop(std::int64_t height, std::int64_t width) {
  const engine::Context context = kernels::make_context();
  const Coordinates source(height, width);
  DeviceBatch batch(context, source, source.size());
  batch.upload(read_examples(source, 0, source.size()));
  const std::vector<float> views = batch.augmented_views({}, 1, 2).to_host<float>();
  const std::int64_t images = 2 * source.size(), y = height / 2, x = width / 2;
  Size sum{};
  for (std::int64_t i = 0; i < images; ++i) {
    const auto at = [&](std::int64_t row, std::int64_t column, std::int64_t channel) {
      return static_cast<double>(views[static_cast<std::size_t>(((i * height + row) * width + column) * 2 + channel)]);
    };
    constexpr double kPerPixel = 3 / 255.0;
    sum.width += (at(y, x + 2, 0) - at(y, x - 2, 0)) / 4 * static_cast<double>(width) / kPerPixel;
    sum.height += (at(y + 2, x, 1) - at(y - 2, x, 1)) / 4 * static_cast<double>(height) / kPerPixel;
  }
  return {sum.height / static_cast<double>(images), sum.width / static_cast<double>(images)};
}

}  // namespace

TEST_CASE("device batch: crops of images that are not square have the images' shape, on average") {
  const Size wide = mean_crop(16, 64), tall = mean_crop(64, 16), square = mean_crop(28, 28);
  CHECK(wide.width == doctest::Approx(40.0).epsilon(0.03));
  CHECK(wide.height == doctest::Approx(wide.width / 4).epsilon(0.05));
  CHECK(tall.height == doctest::Approx(39.5).epsilon(0.03));
  CHECK(tall.width == doctest::Approx(tall.height / 4).epsilon(0.05));
  CHECK(square.height == doctest::Approx(square.width).epsilon(0.05));
}
