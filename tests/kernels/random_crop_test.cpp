#include "kernels/random_crop.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "kernels/context.h"

using engine::Dtype;
using engine::Shape;
using kernels::CropBox;

namespace {

std::vector<std::int32_t> draw(const engine::Context& context, const std::vector<std::uint64_t>& counters,
                               std::uint64_t seed, std::int64_t views) {
  const auto batch = static_cast<std::int64_t>(counters.size());
  const std::vector<std::int64_t> words(counters.begin(), counters.end());
  constexpr std::int32_t kGuard = -12345;
  std::vector<std::int32_t> boxes(static_cast<std::size_t>(views * batch * 4 + 2), kGuard);
  kernels::draw_crops(context, {.seed = seed,
                                .height = 96,
                                .width = 112,
                                .range = {},
                                .counters = {words.data(), Dtype::i64, {batch}},
                                .boxes = {boxes.data() + 1, Dtype::i32, {views, batch, 4}}});
  CHECK(boxes.front() == kGuard);
  CHECK(boxes.back() == kGuard);
  return {boxes.begin() + 1, boxes.end() - 1};
}

}  // namespace

TEST_CASE(
    "draw_crops: a box is the sampler's for (seed, view, counter), 64 bits of it, wherever it stands in the batch") {
  const engine::Context context = kernels::make_context();
  const std::vector<std::uint64_t> counters = {0, 1, 60000 * 17 + 3, (std::uint64_t{5} << 32) + 0xfffffff0u};
  const std::vector<std::int32_t> boxes = draw(context, counters, 42, 3);
  for (std::size_t view = 0; view < 3; ++view) {
    for (std::size_t b = 0; b < counters.size(); ++b) {
      engine::Philox random(42, engine::Purpose::crop, static_cast<std::uint32_t>(view), counters[b]);
      const CropBox expected = kernels::draw_crop(random, 96, 112, {});
      const std::int32_t* box = boxes.data() + (view * counters.size() + b) * 4;
      CHECK(box[0] == expected.y);
      CHECK(box[1] == expected.x);
      CHECK(box[2] == expected.height);
      CHECK(box[3] == expected.width);
    }
  }
}

TEST_CASE("draw_crops: the same call repeats, another seed differs, an empty batch is fine") {
  const engine::Context context = kernels::make_context();
  const std::vector<std::uint64_t> counters = {7, 8, 9, 10, 11};
  CHECK(draw(context, counters, 1, 2) == draw(context, counters, 1, 2));
  CHECK(draw(context, counters, 1, 2) != draw(context, counters, 2, 2));
  CHECK(draw(context, {}, 1, 2).empty());
}

TEST_CASE("draw_crops: the views of an image are independent") {
  const engine::Context context = kernels::make_context();
  constexpr std::size_t kBatch = 20000;
  std::vector<std::uint64_t> counters(kBatch);
  for (std::size_t b = 0; b < kBatch; ++b) counters[b] = b;
  const std::vector<std::int32_t> boxes = draw(context, counters, 1, 2);
  for (std::size_t component = 0; component < 4; ++component) {
    double sum[2] = {}, squares[2] = {}, product = 0;
    for (std::size_t b = 0; b < kBatch; ++b) {
      const double value[2] = {static_cast<double>(boxes[b * 4 + component]),
                               static_cast<double>(boxes[(kBatch + b) * 4 + component])};
      for (int view = 0; view < 2; ++view) sum[view] += value[view], squares[view] += value[view] * value[view];
      product += value[0] * value[1];
    }
    const double n = kBatch;
    const double covariance = product / n - sum[0] / n * (sum[1] / n);
    const double variances = (squares[0] / n - std::pow(sum[0] / n, 2)) * (squares[1] / n - std::pow(sum[1] / n, 2));
    CHECK(std::abs(covariance / std::sqrt(variances)) < 5 / std::sqrt(n));
  }
}

TEST_CASE("draw_crops: refuses shapes and ranges that make no sense") {
  const engine::Context context = kernels::make_context();
  const std::int64_t words[2] = {};
  std::int32_t boxes[8] = {};
  kernels::DrawCrops args{.seed = 1,
                          .height = 8,
                          .width = 8,
                          .range = {},
                          .counters = {words, Dtype::i64, {2}},
                          .boxes = {boxes, Dtype::i32, {1, 2, 4}}};
  CHECK_NOTHROW(kernels::draw_crops(context, args));
  auto wrong = args;
  wrong.boxes.shape = {2, 1, 4};
  CHECK_THROWS_WITH_AS(kernels::draw_crops(context, wrong),
                       "draw_crops: counters must be [B] and boxes [views,B,4] with the same B, got counters [2] and "
                       "boxes [2,1,4]",
                       engine::Error);
  wrong = args;
  wrong.range.area_min = 1.5;
  CHECK_THROWS_WITH_AS(kernels::draw_crops(context, wrong),
                       "draw_crops: expected areas with 0 <= min <= max <= 1, got 1.5 and 1", engine::Error);
  wrong = args;
  wrong.range.aspect_min = 0;
  CHECK_THROWS_AS(kernels::draw_crops(context, wrong), engine::Error);
}
