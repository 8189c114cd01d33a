#include "tests/cases/augment.h"

#include <algorithm>
#include <random>

namespace tests {
namespace {

using engine::Dtype;
using kernels::AugmentationDraw;
using kernels::AugmentationRules;
using kernels::AugmentExample;
using kernels::Brightness;
using kernels::Interpolation;

AugmentationRules everything() {
  return {.crop = kernels::CropRule::simclr,
          .interpolation = Interpolation::bicubic,
          .flip = 0.5,
          .jitter = 0.8,
          .gray = 0.2,
          .blur = 0.5};
}
AugmentationRules crops(Interpolation interpolation) {
  return {.crop = kernels::CropRule::simclr, .interpolation = interpolation, .flip = 0.5};
}
AugmentationRules without_jitter() {
  AugmentationRules rules = everything();
  rules.jitter = 0;
  return rules;
}
AugmentationRules without_blur() {
  AugmentationRules rules = everything();
  rules.blur = 0;
  return rules;
}

/// Contents of an example whose sizes are given.
class Filler {
 public:
  explicit Filler(std::uint32_t seed) : random_(seed) {}

  AugmentExample fill(AugmentExample p) {
    for (const auto& [height, width] : p.images) {
      for (std::int64_t i = 0; i < height * width * p.channels; ++i) p.pixels.push_back(below(256));
    }
    for (std::int64_t i = static_cast<std::int64_t>(p.draws.size());
         i < p.views * static_cast<std::int64_t>(p.images.size()); ++i) {
      p.draws.push_back(draw(p.images[static_cast<std::size_t>(i) % p.images.size()], p.rules));
    }
    // Numbers of 64 bits that are exact in double.
    for (double& word : p.bits)
      word = static_cast<double>(static_cast<std::int64_t>(random_() & ~std::uint64_t{0xfff}));
    return p;
  }

  /// Half of the views have each part that the rules have.
  AugmentationDraw draw(const std::pair<std::int64_t, std::int64_t>& image, const AugmentationRules& rules) {
    AugmentationDraw draw{};
    const auto side = [&](std::int64_t size) { return static_cast<std::int32_t>(below(size)) + 1; };
    draw.box.height = side(image.first), draw.box.width = side(image.second);
    draw.box.y = side(image.first - draw.box.height + 1) - 1, draw.box.x = side(image.second - draw.box.width + 1) - 1;
    const auto has = [&](double probability) -> std::uint8_t { return probability > 0 && below(2) == 1 ? 1 : 0; };
    const auto factor = [&] { return 0.2f + 1.6f * static_cast<float>(below(1000)) / 1000; };
    draw.flip = has(rules.flip), draw.jitter = has(rules.jitter), draw.gray = has(rules.gray);
    draw.brightness = factor() - (rules.brightness == Brightness::add ? 1.0f : 0.0f);
    draw.contrast = factor(), draw.saturation = factor(), draw.hue = (factor() - 1) / 4;
    std::vector<int> order = {0, 1, 2, 3};
    std::ranges::shuffle(order, random_);
    draw.order = order_of(order);
    if (has(rules.blur)) draw.sigma = 0.1f + 1.9f * static_cast<float>(below(1000)) / 1000;
    return draw;
  }
  static std::uint8_t order_of(const std::vector<int>& order) {
    return static_cast<std::uint8_t>(order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6);
  }

 private:
  double below(std::int64_t bound) { return static_cast<double>(random_() % static_cast<std::uint64_t>(bound)); }

  std::mt19937_64 random_;
};

/// Every order of the jitter's operations, and nothing else.
AugmentExample orders(const AugmentationRules& rules, std::int64_t channels) {
  AugmentExample p{
      .rules = rules,
      .h = 7,
      .w = 5,
      .channels = channels,
  };
  Filler filler(3);
  std::vector<int> order = {0, 1, 2, 3};
  do {
    p.images.emplace_back(6, 9);
    p.draws.push_back(filler.draw(p.images.back(), rules));
    p.draws.back().jitter = 1;
    p.draws.back().order = Filler::order_of(order);
  } while (std::ranges::next_permutation(order).found);
  return filler.fill(p);
}

std::vector<AugmentExample> examples() {
  const AugmentationRules all = everything(), bicubic = crops(Interpolation::bicubic),
                          bilinear = crops(Interpolation::bilinear);
  AugmentationRules added = all;
  added.brightness = Brightness::add;
  std::vector<AugmentExample> wanted = {
      {.rules = all, .images = {{1, 1}}},
      // Images smaller and larger than the view, of one pixel, row or column.
      {.rules = bicubic, .views = 2, .h = 7, .w = 5, .images = {{1, 1}, {1, 40}, {31, 1}, {2, 3}, {50, 31}, {7, 5}}},
      {.rules = bilinear, .views = 2, .h = 7, .w = 5, .images = {{1, 1}, {1, 40}, {31, 1}, {2, 3}, {50, 31}, {7, 5}}},
      {.rules = bilinear,
       .h = 28,
       .w = 28,
       .channels = 1,
       .images = {{28, 28}, {20, 33}},
       .bit_planes = 20,
       .bits = {1, 1}},
      // Everything, at sizes with and without wide accesses, with a radius of 0, 1 and 2.
      {.rules = all, .views = 2, .h = 11, .w = 13, .images = {{17, 19}, {9, 30}, {11, 13}}},
      {.rules = all, .views = 2, .h = 20, .w = 16, .images = {{17, 19}, {9, 30}, {40, 8}, {16, 16}}},
      {.rules = added, .views = 3, .h = 41, .w = 8, .images = {{30, 11}, {12, 40}}, .bit_planes = 5, .bits = {1, 1}},
      {.rules = without_blur(), .views = 2, .h = 20, .w = 9, .images = {{21, 23}, {8, 8}, {30, 7}}},
      {.rules = without_jitter(), .views = 2, .h = 20, .w = 9, .images = {{21, 23}, {8, 8}, {30, 7}}},
      // A radius that is larger than the view is wide, or than a tile is high.
      {.rules = all, .views = 2, .h = 61, .w = 2, .channels = 1, .images = {{12, 5}, {9, 9}}},
      {.rules = all, .h = 224, .w = 3, .channels = 1, .images = {{50, 3}, {30, 30}}},
      // Bits of each view, all of a word; other numbers of channels.
      {.rules = bicubic,
       .views = 2,
       .h = 6,
       .w = 5,
       .images = {{9, 8}, {4, 4}},
       .bit_planes = 64,
       .bits = {1, 1, 1, 1}},
      {.rules = without_jitter(), .views = 2, .h = 21, .w = 6, .channels = 4, .images = {{12, 11}, {8, 30}}},
      {.rules = without_jitter(), .h = 20, .w = 12, .channels = 2, .images = {{6, 14}}, .bit_planes = 2, .bits = {1}},
      {.rules = without_jitter(), .h = 20, .w = 5, .channels = 7, .images = {{12, 11}}},
      {.rules = bilinear, .h = 2, .w = 3, .channels = 900, .images = {{3, 2}}},
      {.rules = bilinear, .h = 2, .w = 8, .channels = 101, .images = {{3, 4}}},  // the second tile begins at column 4
      // Several tiles side by side: of the crop, whose sums are added up, and of the blur.
      {.rules = without_blur(), .h = 9, .w = 301, .images = {{5, 20}, {12, 7}}},
      {.rules = all, .h = 1, .w = 25700, .channels = 1, .images = {{2, 50}}},
      {.rules = without_jitter(), .h = 20, .w = 40, .channels = 40, .images = {{5, 5}}},
      // Rows of y that allow wide accesses, and of the values without bits that do not.
      {.rules = all, .views = 2, .h = 20, .w = 7, .images = {{9, 8}}, .bit_planes = 5, .bits = {1}},
      // More views than images: so many sums that the pool does not round their memory up to enough.
      {.rules = without_blur(), .views = 12, .h = 5, .w = 4, .images = {{6, 5}}},
      // Nothing.
      {.rules = all, .views = 2, .h = 20, .w = 16, .images = {}},
      {.rules = all, .views = 0, .h = 20, .w = 16, .images = {{4, 4}}},
      {.rules = all, .h = 0, .w = 16, .images = {{4, 4}}},
      {.rules = all, .h = 20, .w = 0, .images = {{4, 4}}},
  };
  // Draws that have what the rules do not.
  for (AugmentationDraw ignored :
       {AugmentationDraw{.sigma = 1}, AugmentationDraw{.jitter = 1}, AugmentationDraw{.gray = 1}}) {
    ignored.box = {1, 2, 5, 6}, ignored.contrast = 0.5;
    wanted.push_back({.rules = bicubic, .h = 20, .w = 6, .images = {{8, 9}}, .draws = {ignored}});
  }
  std::vector<AugmentExample> filled = {orders(all, 3), orders(added, 3), orders(all, 1)};
  for (const AugmentExample& p : wanted) filled.push_back(Filler(5).fill(p));
  return filled;
}

}  // namespace

std::vector<KernelCase<kernels::Augment>> augment_cases() {
  std::vector<KernelCase<kernels::Augment>> cases;
  for (AugmentExample p : examples()) {
    const std::int64_t values = p.views * static_cast<std::int64_t>(p.images.size()) * p.h * p.w * p.channels;
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const bool skewed : {false, true}) {
        if (values > 10'000 && (skewed || dtype == Dtype::bf16)) continue;
        p.dtype = dtype;
        p.skewed = skewed;
        cases.push_back(augment_case(p));
      }
    }
  }
  return cases;
}

}  // namespace tests
