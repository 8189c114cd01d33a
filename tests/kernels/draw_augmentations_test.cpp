#include "kernels/draw_augmentations.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "kernels/augmentation_sampler.h"
#include "kernels/context.h"

using namespace kernels;

namespace {

constexpr std::size_t kDraws = 20000;

AugmentationRules simclr() {
  return {.crop = CropRule::simclr,
          .interpolation = Interpolation::bicubic,
          .flip = 0.5,
          .jitter = 0.8,
          .gray = 0.2,
          .blur = 0.5};
}

struct Call {
  AugmentationRules rules = simclr();
  std::uint64_t seed = 1;
  std::int64_t views = 1;
  std::int32_t height = 96, width = 112;  // of all images
  std::vector<std::int64_t> first = {};   // image of the batch, if it is not in this part
};

/// Of images with these counters; between guards.
std::vector<AugmentationDraw> draw(const Call& call, const std::vector<std::int64_t>& counters) {
  const auto batch = static_cast<std::int64_t>(counters.size());
  std::vector<std::int32_t> extents;
  for (std::int64_t b = 0; b < batch; ++b) extents.insert(extents.end(), {call.height, call.width});
  constexpr std::int32_t kGuard = -12345;
  std::vector<std::int32_t> words(static_cast<std::size_t>(call.views * batch * kDrawWords + 2), kGuard);
  static const Context context = make_context({.device = {}, .threads = 1});
  draw_augmentations(context, {.seed = call.seed,
                               .rules = call.rules,
                               .height = 64,
                               .width = 80,
                               .extents = {extents.data(), Dtype::i32, {batch, 2}},
                               .counters = {counters.data(), Dtype::i64, {batch}},
                               .draws = {words.data() + 1, Dtype::i32, {call.views, batch, kDrawWords}},
                               .first = {call.first.empty() ? nullptr : call.first.data(), Dtype::i64, {1}}});
  CHECK(words.front() == kGuard);
  CHECK(words.back() == kGuard);
  std::vector<AugmentationDraw> draws;
  for (std::int64_t i = 0; i < call.views * batch; ++i)
    draws.push_back(read_draw(words.data() + 1 + static_cast<std::ptrdiff_t>(i) * kDrawWords));
  return draws;
}

std::vector<std::int64_t> first_counters(std::size_t count) {
  std::vector<std::int64_t> counters(count);
  std::iota(counters.begin(), counters.end(), 0);
  return counters;
}
std::vector<AugmentationDraw> many(const AugmentationRules& rules) {
  return draw({.rules = rules}, first_counters(kDraws));
}

/// Each part of a draw as a number.
constexpr std::array kParts = {"y",   "x",     "height", "width",  "brightness", "contrast", "saturation",
                               "hue", "sigma", "flip",   "jitter", "gray",       "order"};
std::array<double, kParts.size()> parts_of(const AugmentationDraw& draw) {
  const auto [y, x, height, width] = draw.box;
  return {static_cast<double>(y),
          static_cast<double>(x),
          static_cast<double>(height),
          static_cast<double>(width),
          static_cast<double>(draw.brightness),
          static_cast<double>(draw.contrast),
          static_cast<double>(draw.saturation),
          static_cast<double>(draw.hue),
          static_cast<double>(draw.sigma),
          static_cast<double>(draw.flip),
          static_cast<double>(draw.jitter),
          static_cast<double>(draw.gray),
          static_cast<double>(draw.order)};
}
bool equal(const AugmentationDraw& a, const AugmentationDraw& b) { return parts_of(a) == parts_of(b); }
bool equal(const std::vector<AugmentationDraw>& a, const std::vector<AugmentationDraw>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const AugmentationDraw& x, const AugmentationDraw& y) { return equal(x, y); });
}
/// Which parts differ in some draw.
std::set<std::string> differences(const std::vector<AugmentationDraw>& a, const std::vector<AugmentationDraw>& b) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto of_a = parts_of(a[i]), of_b = parts_of(b[i]);
    for (std::size_t part = 0; part < kParts.size(); ++part) {
      if (of_a[part] != of_b[part]) names.insert(kParts[part]);
    }
  }
  return names;
}

template <class Has>
void check_share(const std::vector<AugmentationDraw>& draws, double probability, const Has& has) {
  const auto count = static_cast<double>(std::ranges::count_if(draws, has)), n = static_cast<double>(draws.size());
  CHECK(std::abs(count / n - probability) <= 5 * std::sqrt(probability * (1 - probability) / n));
}

/// The values are uniform between both: mean, variance and ends.
template <class Value>
void check_uniform(const std::vector<AugmentationDraw>& draws, double low, double high, const Value& value) {
  double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
  const double n = static_cast<double>(draws.size()), middle = (low + high) / 2, width = high - low;
  for (const AugmentationDraw& draw : draws) {
    const double x = value(draw);
    sum += x - middle, squares += (x - middle) * (x - middle);
    least = std::min(least, x), most = std::max(most, x);
  }
  CHECK(std::abs(sum / n) < 5 * width / std::sqrt(12 * n));
  // The fourth central moment of a uniform variable is width^4 / 80.
  CHECK(std::abs(squares / n - width * width / 12) < 5 * width * width * std::sqrt((1 / 80.0 - 1 / 144.0) / n));
  CHECK(least >= low - 1e-6);
  CHECK(least < low + 20 * width / n);
  CHECK(most <= high + 1e-6);
  CHECK(most > high - 20 * width / n);
}

}  // namespace

TEST_CASE("draw_augmentations: a draw is that of (seed, view, counter), 64 bits of it, wherever it stands") {
  const std::vector<std::int64_t> counters = {0, 1, 60000 * 17 + 3, (std::int64_t{5} << 32) + 0xfffffff0};
  const auto draws = draw({.seed = 42, .views = 3}, counters);
  for (std::size_t view = 0; view < 3; ++view) {
    for (std::size_t b = 0; b < counters.size(); ++b) {
      const AugmentationDraw expected = draw_augmentation({.seed = 42,
                                                           .view = static_cast<std::uint32_t>(view),
                                                           .fetch = static_cast<std::uint64_t>(counters[b]),
                                                           .first_fetch = 0},
                                                          simclr(), {96, 112}, {64, 80});
      CHECK(equal(draws[view * counters.size() + b], expected));
    }
  }
  AugmentationRules own_sigma = simclr();
  own_sigma.sigma_per_image = true;
  const auto all = draw({.rules = own_sigma}, {3, 4, 5, 6}), some = draw({.rules = own_sigma}, {6, 4});
  CHECK(equal(some[0], all[3]));
  CHECK(equal(some[1], all[1]));
}

TEST_CASE("draw_augmentations: the same call repeats, another seed differs, an empty batch is fine") {
  const std::vector<std::int64_t> counters = {7, 8, 9, 10, 11};
  CHECK(equal(draw({.seed = 1, .views = 2}, counters), draw({.seed = 1, .views = 2}, counters)));
  CHECK_FALSE(equal(draw({.seed = 1, .views = 2}, counters), draw({.seed = 2, .views = 2}, counters)));
  CHECK(draw({.views = 2}, {}).empty());
}

TEST_CASE("draw_augmentations: each part is there as often as its rule says") {
  const auto draws = many(simclr());
  check_share(draws, 0.5, [](const auto& d) { return d.flip == 1; });
  check_share(draws, 0.8, [](const auto& d) { return d.jitter == 1; });
  check_share(draws, 0.2, [](const auto& d) { return d.gray == 1; });
  check_share(draws, 0.5, [](const auto& d) { return d.sigma > 0; });
  // Independently of each other.
  check_share(draws, 0.8 * 0.2, [](const auto& d) { return d.jitter == 1 && d.gray == 1; });
  check_share(draws, 0.5 * 0.5, [](const auto& d) { return d.flip == 1 && d.sigma > 0; });
  check_share(draws, 0.8 * 0.5, [](const auto& d) { return d.jitter == 1 && d.sigma > 0; });
  for (const double certain : {0.0, 1.0}) {
    AugmentationRules rules = simclr();
    rules.flip = rules.jitter = rules.gray = rules.blur = certain;
    const auto all = many(rules);
    check_share(all, certain, [](const auto& d) { return d.flip == 1; });
    check_share(all, certain, [](const auto& d) { return d.jitter == 1; });
    check_share(all, certain, [](const auto& d) { return d.gray == 1; });
    check_share(all, certain, [](const auto& d) { return d.sigma > 0; });
  }
}

TEST_CASE("draw_augmentations: factors are uniform in the ranges of the strength") {
  for (const double strength : {1.0, 0.5, 1.25}) {
    CAPTURE(strength);
    AugmentationRules rules = simclr();
    rules.strength = strength;
    const double most = 0.8 * strength, low = 1 - most, high = 1 + most;
    auto draws = many(rules);
    check_uniform(draws, low, high, [](const auto& d) { return static_cast<double>(d.brightness); });
    check_uniform(draws, low, high, [](const auto& d) { return static_cast<double>(d.contrast); });
    check_uniform(draws, low, high, [](const auto& d) { return static_cast<double>(d.saturation); });
    check_uniform(draws, -0.2 * strength, 0.2 * strength, [](const auto& d) { return static_cast<double>(d.hue); });
    rules.brightness = Brightness::add;
    draws = many(rules);
    check_uniform(draws, -most, most, [](const auto& d) { return static_cast<double>(d.brightness); });
  }
}

TEST_CASE("draw_augmentations: all 24 orders of the jitter are equally likely") {
  std::map<int, double> counts;
  for (const AugmentationDraw& draw : many(simclr())) ++counts[draw.order];
  REQUIRE(counts.size() == 24);
  double chi_square = 0;
  for (const auto& [order, count] : counts) {
    int seen = 0;
    for (int place = 0; place < kColorOperations; ++place) seen |= 1 << (order >> (2 * place) & 3);
    CHECK(seen == 0b1111);
    const double expected = kDraws / 24.0;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  CHECK(chi_square < 56);  // 23 degrees of freedom exceed it once in 7,000 times
}

TEST_CASE("draw_augmentations: a batch shares the sigma of a view's blur, or each image has its own") {
  AugmentationRules rules = simclr();
  const auto sigmas = [&](std::int64_t first, std::int64_t views) {
    std::set<float> values;
    for (const AugmentationDraw& draw :
         draw({.rules = rules, .views = views}, {first, 100, 101, 102, 103, 104, 105, 106}))
      if (draw.sigma > 0) values.insert(draw.sigma);
    return values;
  };
  CHECK(sigmas(1, 1).size() == 1);
  CHECK(sigmas(1, 2).size() == 2);
  CHECK(sigmas(1, 1) == sigmas(1, 1));
  CHECK(sigmas(1, 1) != sigmas(2, 1));  // another batch
  rules.blur = 1;
  std::vector<AugmentationDraw> first_of_batches;
  for (std::int64_t counter = 0; counter < 4000; ++counter)
    first_of_batches.push_back(draw({.rules = rules}, {counter})[0]);
  check_uniform(first_of_batches, 0.1, 2, [](const auto& d) { return static_cast<double>(d.sigma); });

  rules.sigma_per_image = true, rules.sigma_min = 0.5, rules.sigma_max = 0.75;
  CHECK(sigmas(1, 1).size() == 8);
  check_uniform(many(rules), 0.5, 0.75, [](const auto& d) { return static_cast<double>(d.sigma); });
}

TEST_CASE("draw_augmentations: a part of a batch has the sigma of the whole") {
  AugmentationRules always = simclr();
  always.blur = 1;
  const std::vector<AugmentationDraw> whole = draw({.rules = always, .views = 2}, {3, 4, 5, 6});
  const std::vector<AugmentationDraw> part = draw({.rules = always, .views = 2, .first = {3}}, {5, 6});
  for (const std::size_t i : {0, 1}) {
    CHECK(part[i].sigma == whole[2 + i].sigma);
    CHECK(part[2 + i].sigma == whole[6 + i].sigma);
  }
}

TEST_CASE("draw_augmentations: changing one rule changes no other draw") {
  using Names = std::set<std::string>;
  const Names box = {"y", "x", "height", "width"};
  const auto base = many(simclr());
  const auto changed = [&](const auto& change) {
    AugmentationRules rules = simclr();
    change(rules);
    return differences(base, many(rules));
  };
  CHECK(changed([](auto& r) { r.flip = 0.2; }) == Names{"flip"});
  CHECK(changed([](auto& r) { r.jitter = 0; }) == Names{"jitter"});
  CHECK(changed([](auto& r) { r.gray = 0.9; }) == Names{"gray"});
  CHECK(changed([](auto& r) { r.blur = 0; }) == Names{"sigma"});
  CHECK(changed([](auto& r) { r.sigma_max = 3; }) == Names{"sigma"});
  CHECK(changed([](auto& r) { r.sigma_per_image = true; }) == Names{"sigma"});
  CHECK(changed([](auto& r) { r.brightness = Brightness::add; }) == Names{"brightness"});
  CHECK(changed([](auto& r) { r.strength = 0.5; }) == Names{"brightness", "contrast", "saturation", "hue"});
  CHECK(changed([](auto& r) { r.crop = CropRule::whole; }) == box);
  CHECK(changed([](auto& r) { r.crop = CropRule::torchvision; }) == box);
  CHECK(changed([](auto& r) { r.range.area_min = 0.5; }) == box);
  CHECK(changed([](auto& r) { r.interpolation = Interpolation::bilinear; }).empty());
}

TEST_CASE("draw_augmentations: the views of an image are independent") {
  const auto draws = draw({.views = 2}, first_counters(kDraws));
  for (std::size_t part = 0; part < kParts.size(); ++part) {
    if (kParts[part] == std::string("sigma")) continue;  // one for a whole batch
    CAPTURE(kParts[part]);
    double sum[2] = {}, squares[2] = {}, product = 0;
    for (std::size_t b = 0; b < kDraws; ++b) {
      const double value[2] = {parts_of(draws[b])[part], parts_of(draws[kDraws + b])[part]};
      for (int view = 0; view < 2; ++view) sum[view] += value[view], squares[view] += value[view] * value[view];
      product += value[0] * value[1];
    }
    const double n = kDraws;
    const double covariance = product / n - sum[0] / n * (sum[1] / n);
    const double variances = (squares[0] / n - std::pow(sum[0] / n, 2)) * (squares[1] / n - std::pow(sum[1] / n, 2));
    CHECK(std::abs(covariance / std::sqrt(variances)) < 5 / std::sqrt(n));
  }
}

TEST_CASE("draw_augmentations: boxes of every rule lie inside images of one pixel, row or column") {
  for (const CropRule crop : {CropRule::whole, CropRule::center, CropRule::simclr, CropRule::torchvision}) {
    AugmentationRules rules;
    rules.crop = crop;
    const std::pair<std::int32_t, std::int32_t> sizes[] = {{1, 1}, {1, 4000}, {4000, 1}, {2, 3}, {9, 7}};
    for (const auto& size : sizes) {
      const std::int32_t height = size.first, width = size.second;
      CAPTURE(height);
      CAPTURE(width);
      for (const AugmentationDraw& each :
           draw({.rules = rules, .height = height, .width = width}, first_counters(50))) {
        const CropBox& box = each.box;
        CHECK((box.y >= 0 && box.x >= 0 && box.height >= 1 && box.width >= 1));
        CHECK((box.y + box.height <= height && box.x + box.width <= width));
        if (crop == CropRule::whole) CHECK((box.height == height && box.width == width));
      }
    }
  }
}

TEST_CASE("draw_augmentations: refuses shapes and rules that make no sense") {
  const Context context = make_context();
  const std::int64_t counters[2] = {};
  const std::int32_t extents[4] = {8, 8, 8, 8};
  std::int32_t words[2 * kDrawWords] = {};
  const DrawAugmentations good{.seed = 1,
                               .rules = simclr(),
                               .height = 8,
                               .width = 8,
                               .extents = {extents, Dtype::i32, {2, 2}},
                               .counters = {counters, Dtype::i64, {2}},
                               .draws = {words, Dtype::i32, {1, 2, kDrawWords}}};
  CHECK_NOTHROW(draw_augmentations(context, good));
  const auto refused = [&](const auto& change) -> std::string {
    DrawAugmentations args = good;
    change(args);
    try {
      draw_augmentations(context, args);
    } catch (const engine::Error& error) { return error.what(); }
    return "";
  };
  CHECK(refused([](auto& a) {
          a.draws.shape = {2, 1, kDrawWords};
        }) ==
        "draw_augmentations: counters must be [B], extents [B,2] and draws [views,B,10] with the same B, got counters "
        "[2], extents [2,2] and draws [2,1,10]");
  CHECK(refused([](auto& a) { a.rules.range.area_min = 1.5; }) ==
        "draw_augmentations: expected areas with 0 <= min <= max <= 1, got 1.5 and 1");
  CHECK(refused([](auto& a) { a.rules.flip = 1.5; }) ==
        "draw_augmentations: expected a probability of flips from 0 to 1, got 1.5");
  CHECK(refused([](auto& a) { a.rules.gray = NAN; }).find("grey images") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.jitter = -0.1; }).find("colour jitter") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.blur = 2; }).find("probability of blur") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.strength = 2; }).find("strength") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.sigma_min = 0; }).find("sigma_min") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.sigma_max = 0.05; }).find("sigma_min") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.range.aspect_min = 0; }).find("aspects") != std::string::npos);
  CHECK(refused([](auto& a) { a.rules.center = 0; }).find("middle") != std::string::npos);
  CHECK(refused([](auto& a) { a.height = 40000; }).find("32767 pixels a side") != std::string::npos);
}
