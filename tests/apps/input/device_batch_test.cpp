#include "apps/input/device_batch.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/input/run_data.h"
#include "data/compositions/overlay.h"
#include "data/compositions/rand_bits.h"
#include "data/compositions/view_size.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/data/compositions/disc_digits.h"
#include "tests/data/ragged_source.h"
#include "tests/data/stored_source.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

/// Images whose pixels encode their position: 3 x column in the first channel, 3 x row in the second.
tests::DrawnSource coordinates(std::int64_t height, std::int64_t width) {
  return {1000, {height, width, 2}, 1, [=](std::int64_t, std::uint8_t* out) {
            for (std::int64_t i = 0; i < height * width; ++i) {
              out[2 * i] = static_cast<std::uint8_t>(3 * (i % width));
              out[2 * i + 1] = static_cast<std::uint8_t>(3 * (i / width));
            }
          }};
}

struct Size {
  double height, width;
};

/// The mean size of the crops in an augmented batch, from the slope of the coordinates in the middle of each crop.
Size mean_crop(std::int64_t height, std::int64_t width) {
  const engine::Context context = kernels::make_context();
  const tests::DrawnSource source = coordinates(height, width);
  DeviceBatch batch(context, source, source.size());
  batch.upload(first_examples(source, source.size()));
  const std::vector<float> views = batch.augmented_views({.crop = kernels::CropRule::simclr}, 1, 2).to_host<float>();
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

TEST_CASE("device batch: views share the bits of their image, unless each view has its own") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kImages = 6, kBits = 8, kPixels = 28 * 28, kPlanes = 1 + kBits;
  for (const auto redraw : {data::RandBits::Redraw::visit, data::RandBits::Redraw::view}) {
    const data::RandBits source(std::make_shared<tests::MemorySource>(kImages),
                                {.bits = kBits, .redraw = redraw, .seed = 3});
    DeviceBatch batch(context, source, kImages);
    batch.upload(first_examples(source, kImages));
    const std::vector<float> views = batch.augmented_views({.crop = kernels::CropRule::simclr}, 1, 2).to_host<float>(),
                             whole = batch.evaluation_images().to_host<float>();
    bool shared = true;
    for (std::int64_t i = 0; i < kImages; ++i) {
      const data::Example example = tests::read_example(source, i);
      for (std::size_t view = 0; view < 2; ++view) {
        const float* pixel = &views[(view * kImages + static_cast<std::size_t>(i)) * kPixels * kPlanes + 1];
        for (std::int64_t bit = 0; bit < kBits; ++bit)
          CHECK(pixel[bit] == static_cast<float>(example.bits[view] >> bit & 1));
      }
      CHECK(whole[static_cast<std::size_t>(i * kPixels * kPlanes + 1)] == static_cast<float>(example.bits[0] & 1));
      shared = shared && example.bits[0] == example.bits[1];
    }
    CHECK(shared == (redraw == data::RandBits::Redraw::visit));
  }
}

TEST_CASE("device batch: each view is made of its own image where they differ, of one size and of several") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kImages = 5, kView = 12 * 16 * 3;
  const kernels::AugmentationRules rules{.crop = kernels::CropRule::simclr, .flip = 0.5};
  for (const bool ragged : {false, true}) {
    CAPTURE(ragged);
    const auto images = std::make_shared<RampImages>(data::Extent{24, 32});
    if (ragged) images->layout_of.extent.reset();
    const auto digits = std::make_shared<DiscDigits>();
    const data::Overlay::Options options{.fixed = false, .per_view = true};
    const auto overlay = std::make_shared<data::Overlay>(images, digits, options, data::Role::pretrain, 3);
    const data::ViewSize source(overlay, {12, 16});
    DeviceBatch batch(context, source, kImages);
    batch.upload(first_examples(source, kImages));
    const std::vector<float> views = batch.augmented_views(rules, 7, 2).to_host<float>();
    REQUIRE(views.size() == 2 * kImages * kView);
    for (std::size_t view = 0; view < 2; ++view) {
      // As if both views were of the image that this view is of.
      data::InputLayout layout = source.layout();
      layout.image_views = 1;
      tests::StoredSource one(layout);
      for (std::int64_t i = 0; i < kImages; ++i) {
        one.examples.push_back(tests::read_example(source, i));
        if (view == 1) one.examples.back().pixels = one.examples.back().second;
      }
      DeviceBatch alone(context, one, kImages);
      alone.upload(first_examples(one, kImages));
      const std::vector<float> same = alone.augmented_views(rules, 7, 2).to_host<float>();
      const auto of_view = [&](const std::vector<float>& all) {
        return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(view) * kImages * kView,
                                  all.begin() + static_cast<std::ptrdiff_t>(view + 1) * kImages * kView);
      };
      CHECK(of_view(views) == of_view(same));
      CHECK(of_view(views) != std::vector<float>(kImages * kView));
    }
    const std::vector<float> whole = batch.evaluation_images().to_host<float>();
    CHECK(whole.size() == kImages * kView);
  }
}

TEST_CASE("device batch: images of different sizes become views of one, each as if it were alone") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kImages = 9, kView = 12 * 16 * 3;
  const auto images = std::make_shared<tests::RaggedSource>(kImages);
  const data::ViewSize source(images, {12, 16});
  const kernels::AugmentationRules rules{
      .crop = kernels::CropRule::simclr, .interpolation = kernels::Interpolation::bicubic, .flip = 0.5, .jitter = 0.8};
  DeviceBatch batch(context, source, kImages);
  CHECK(batch.upload(first_examples(source, kImages)));   // the buffer is allocated
  CHECK(!batch.upload(first_examples(source, kImages)));  // and kept
  const std::vector<float> views = batch.augmented_views(rules, 7, 2).to_host<float>();
  REQUIRE(views.size() == 2 * kImages * kView);
  for (std::int64_t i = 0; i < kImages; ++i) {
    DeviceBatch alone(context, source, 1);
    data::HostBatch one(source, 1);
    data::Example example = tests::read_example(source, i);
    one.store(0, {.example = i, .fetch = static_cast<std::uint64_t>(i)}, example);
    alone.upload(one);
    const std::vector<float> same = alone.augmented_views(rules, 7, 2).to_host<float>();
    for (std::int64_t view = 0; view < 2; ++view) {
      CHECK(std::equal(same.begin() + view * kView, same.begin() + (view + 1) * kView,
                       views.begin() + (view * kImages + i) * kView));
    }
  }
}

TEST_CASE("device batch: an image too long for its view is refused") {
  const engine::Context context = kernels::make_context();
  const data::ViewSize source(std::make_shared<tests::RaggedSource>(1, 1), {20'000, 2});
  DeviceBatch batch(context, source, 1);
  data::HostBatch one(source, 1);
  data::Example example = tests::read_example(source, 0);
  example.resize({1, 60'000}, 1);
  one.store(0, {}, example);
  CHECK(message_of<engine::DataError>([&] { batch.upload(one); }) ==
        "an image of the batch has 60000 pixels a side, which cannot be resized to views of 20000 x 2; give a smaller "
        "--image-size, or use resize(SOURCE, size=N)");
}

TEST_CASE("device batch: the parts of a batch are drawn as in the whole, also what its images share") {
  const engine::Context context = kernels::make_context();
  const tests::MemorySource source(50);
  const kernels::AugmentationRules rules{
      .crop = kernels::CropRule::simclr, .flip = 0.5, .blur = 1, .sigma_per_image = false};
  const auto drawn = [&](std::int64_t part, std::int64_t parts) {
    data::Loader loader(source, {.batch_size = 12, .part = part, .parts = parts, .seed = 5});
    DeviceBatch batch(context, source, 12 / parts);
    std::vector<std::vector<kernels::AugmentationDraw>> views(2);
    for (int step = 0; step < 3; ++step) {
      const data::Loader::Lease lease = loader.next();
      batch.upload(*lease);
      const std::vector<kernels::AugmentationDraw> both = batch.draws(rules, 7, 2);
      const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
      views[0].insert(views[0].end(), both.begin(), middle);
      views[1].insert(views[1].end(), middle, both.end());
    }
    return views;
  };
  const auto whole = drawn(0, 1);
  for (std::int64_t part = 0; part < 3; ++part) {
    const auto own = drawn(part, 3);
    for (std::size_t view = 0; view < 2; ++view) {
      for (std::size_t i = 0; i < own[view].size(); ++i) {
        const kernels::AugmentationDraw &a = own[view][i],
                                        &b = whole[view][i / 4 * 12 + static_cast<std::size_t>(part) * 4 + i % 4];
        CHECK(a.box.y == b.box.y);
        CHECK(a.box.width == b.box.width);
        CHECK(a.flip == b.flip);
        CHECK(a.sigma == b.sigma);
      }
    }
  }
}
