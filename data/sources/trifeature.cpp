#include "data/sources/trifeature.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <span>
#include <string>

#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {
namespace {

using engine::concat;
using engine::Philox;

using Colour = std::array<std::uint8_t, 3>;
constexpr std::uint8_t kGrey = 128;  // the background
constexpr Colour kColours[Trifeature::kClasses] = {
    {255, 0, 0},      // red
    {0, 255, 0},      // green
    {0, 0, 255},      // blue
    {255, 255, 0},    // yellow
    {255, 102, 255},  // pink
    {0, 255, 255},    // cyan
    {77, 0, 128},     // purple
    {26, 102, 128},   // ocean
    {255, 153, 0},    // orange
    {255, 255, 255},  // white
};
constexpr double kLargestAngle = std::numbers::pi / 4;
constexpr std::uint32_t kOfTheExample = 3;  // sub-index of the correlated features, beside the roles

void check(const Trifeature::Options& options) {
  EXPECTS(options.size >= 16 && options.size <= 512,
          "trifeature: expected images of 16 to 512 pixels, got size=", options.size);
  constexpr std::int64_t kMost = 1000000;
  EXPECTS(options.train >= 1 && options.train <= kMost && options.test >= 1 && options.test <= kMost,
          "trifeature: expected 1 to ", kMost, " images per combination, got train=", options.train,
          " and test=", options.test);
  EXPECTS(options.texture_period >= 4 && options.texture_period <= 32,
          "trifeature: expected a texture period of 4 to 32 pixels, got texture_period=", options.texture_period);
  EXPECTS(options.correlation >= 0 && options.correlation <= 1,
          "trifeature: expected a probability as correlation, got correlation=", options.correlation);
}

double between(Philox& random, double low, double high) { return low + (high - low) * random.uniform64(); }

/// A position in a mask in 1/65536 samples: walks along a row of the image by adding `step`. Integers, so that every
/// processor draws the same.
struct Walk {
  std::int64_t y, x;
  std::int64_t y_step, x_step;
};

/// The walk along the row at `y` pixels from the mask's centre, from the pixel at `x` on, through a mask that is turned
/// by `angle`; `y_offset` and `x_offset` are the samples at its centre.
Walk walk(const Mask& mask, double y, double x, double angle, double y_offset, double x_offset) {
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const auto fixed = [](double samples) { return std::llround(samples * 65536); };
  return {.y = fixed((y * cosine - x * sine) * mask.y_scale + y_offset),
          .x = fixed((y * sine + x * cosine) * mask.x_scale + x_offset),
          .y_step = fixed(-sine * mask.y_scale),
          .x_step = fixed(cosine * mask.x_scale)};
}

/// The colours from the background, at 0, to the texture's ink, at 255.
using Ramp = std::array<Colour, 256>;
Ramp ramp_to(const Colour& colour) {
  Ramp ramp;
  for (int cover = 0; cover < 256; ++cover) {
    for (std::size_t c = 0; c < colour.size(); ++c) {
      ramp[static_cast<std::size_t>(cover)][c] =
          static_cast<std::uint8_t>((kGrey * (255 - cover) + colour[c] * cover + 127) / 255);
    }
  }
  return ramp;
}

/// Draws pixels of a row in which the shape can be.
void draw_row(const ShapeMask& shape, const Mask& texture, Walk in_shape, Walk in_texture, const Ramp& ramp,
              std::int64_t count, std::uint8_t* out) {
  const std::int64_t last = shape.width - 1;  // shapes are as high as wide
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t y = std::clamp(in_shape.y >> 16, std::int64_t{0}, last);
    const std::int64_t x = std::clamp(in_shape.x >> 16, std::int64_t{0}, last);
    const std::int64_t v = in_texture.y >> 16 & (texture.height - 1), u = in_texture.x >> 16 & (texture.width - 1);
    const int covered = shape.coverage[static_cast<std::size_t>(y * shape.width + x)];
    const int ink = texture.coverage[static_cast<std::size_t>(v * texture.width + u)];
    std::memcpy(out + 3 * i, ramp[static_cast<std::size_t>((covered * ink + 127) / 255)].data(), 3);
    in_shape.y += in_shape.y_step;
    in_shape.x += in_shape.x_step;
    in_texture.y += in_texture.y_step;
    in_texture.x += in_texture.x_step;
  }
}

}  // namespace

Trifeature::Trifeature(const Options& options, Role role, std::uint64_t run_seed)
    : options_(options), role_(role), run_seed_(run_seed) {
  check(options);
  layout_.channels = 3;
  layout_.extent = Extent{options.size, options.size};
  for (const char* name : {"shape", "colour", "texture"}) layout_.labels.push_back({.name = name, .classes = kClasses});
  for (int i = 0; i < kShapes; ++i) shapes_.push_back(shape_mask(static_cast<Shape>(i), side()));
  for (int i = 0; i < kTextures; ++i) {
    textures_.push_back(texture_mask(static_cast<Texture>(i), options.texture_period));
  }
}

std::int64_t Trifeature::size() const {
  return kCombinations * (role_ == Role::probe_test ? options_.test : options_.train);
}

Trifeature::Drawing Trifeature::features(std::int64_t example) const {
  Drawing drawing{.shape = static_cast<int>(example % kClasses),
                  .colour = static_cast<int>(example / kClasses % kClasses),
                  .texture = static_cast<int>(example / (kClasses * kClasses) % kClasses)};
  if (options_.correlate == Pair::none || role_ != Role::pretrain) return drawing;
  Philox random(options_.seed, engine::Purpose::trifeature, kOfTheExample, static_cast<std::uint64_t>(example));
  const int first = options_.correlate == Pair::colour_texture ? drawing.colour : drawing.shape;
  int& second = options_.correlate == Pair::shape_colour ? drawing.colour : drawing.texture;
  const bool same = random.uniform64() < options_.correlation;
  second = same ? first : (first + 1 + static_cast<int>(random.below(kClasses - 1))) % kClasses;
  return drawing;
}

Trifeature::Drawing Trifeature::drawing(const Visit& visit) const {
  Drawing drawing = features(visit.example);
  const bool fixed = role_ == Role::probe_test;
  Philox random(fixed ? options_.seed : run_seed_, engine::Purpose::trifeature, static_cast<std::uint32_t>(role_),
                fixed ? static_cast<std::uint64_t>(visit.example) : visit.fetch);
  drawing.shape_angle = between(random, -kLargestAngle, kLargestAngle);
  // Half of the height and width of the turned square around the shape.
  const double reach = side() / 2 * (std::cos(drawing.shape_angle) + std::abs(std::sin(drawing.shape_angle)));
  drawing.y = between(random, reach, static_cast<double>(options_.size) - reach);
  drawing.x = between(random, reach, static_cast<double>(options_.size) - reach);
  drawing.texture_angle = between(random, -kLargestAngle, kLargestAngle);
  drawing.texture_y = random.uniform64();
  drawing.texture_x = random.uniform64();
  return drawing;
}

void Trifeature::read(const Visit& visit, const DecodeHint& /*hint*/, Example& example) const {
  const Drawing drawing = this->drawing(visit);
  std::uint8_t* pixels = example.resize(*layout_.extent, layout_.channels);
  example.bits = {};
  example.labels.assign({drawing.shape, drawing.colour, drawing.texture});
  std::memset(pixels, kGrey, example.pixels.size());

  const ShapeMask& shape = shapes_[static_cast<std::size_t>(drawing.shape)];
  const Mask& texture = textures_[static_cast<std::size_t>(drawing.texture)];
  const Ramp ramp = ramp_to(kColours[drawing.colour]);
  const double reach = 1 + side() / 2 * (std::cos(drawing.shape_angle) + std::abs(std::sin(drawing.shape_angle)));
  const auto clamped = [&](double at) { return std::clamp<std::int64_t>(std::llround(at), 0, options_.size); };
  const std::int64_t begin = clamped(drawing.x - reach), end = clamped(drawing.x + reach);
  const double centre = static_cast<double>(shape.width) / 2;
  for (std::int64_t row = clamped(drawing.y - reach); row < clamped(drawing.y + reach); ++row) {
    const double y = static_cast<double>(row) + 0.5 - drawing.y, x = static_cast<double>(begin) + 0.5 - drawing.x;
    draw_row(shape, texture, walk(shape, y, x, drawing.shape_angle, centre, centre),
             walk(texture, y, x, drawing.texture_angle, drawing.texture_y * static_cast<double>(texture.height),
                  drawing.texture_x * static_cast<double>(texture.width)),
             ramp, end - begin, pixels + (row * options_.size + begin) * layout_.channels);
  }
}

std::string Trifeature::caption(const Visit& visit) const {
  constexpr double kDegrees = 180 / std::numbers::pi;
  const Drawing drawn = drawing(visit);
  return engine::concat("at ", std::lround(drawn.y), ",", std::lround(drawn.x), "\nshape turned ",
                        std::lround(drawn.shape_angle * kDegrees), "\ntexture turned ",
                        std::lround(drawn.texture_angle * kDegrees));
}

void Trifeature::fingerprint(engine::Sha256& hash) const {
  const std::int64_t numbers[] = {static_cast<std::int64_t>(role_),
                                  options_.size,
                                  size(),
                                  std::bit_cast<std::int64_t>(options_.texture_period),
                                  static_cast<std::int64_t>(options_.correlate),
                                  std::bit_cast<std::int64_t>(options_.correlation),
                                  static_cast<std::int64_t>(options_.seed)};
  hash.update(std::as_bytes(std::span(numbers)));
}

std::string Trifeature::describe() const {
  return concat("trifeature: (", role_ == Role::probe_test ? "test" : "train", ", ", size(), " drawn images of ",
                options_.size, " x ", options_.size, ")");
}

}  // namespace data
