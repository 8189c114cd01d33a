#include "data/sources/trifeature_masks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/runtime/philox.h"

namespace data {
namespace {

constexpr std::int64_t kShapeSamples = 512;  // along the side of a shape
constexpr double kRoot3 = 1.7320508075688772, kDegree = 0.017453292519943295;

// Of the irregular textures, which repeat after kIrregularPeriods.
constexpr int kIrregularPeriods = 16;
constexpr int kGrains = 5;  // cells of noise per period
constexpr int kDrops = 896;
constexpr double kDropWidth = 0.12, kDropHeight = 0.7;
constexpr std::uint64_t kSeed = 0x7472696665617475;  // frozen: another value changes the data

double fraction(double value) { return value - std::floor(value); }
double square(double value) { return value * value; }

engine::Philox random_of(Texture texture, std::uint64_t index) {
  constexpr std::uint32_t kTextureDraws = 16;  // sub-indices beside those of the images
  return {kSeed, engine::Purpose::trifeature, kTextureDraws + static_cast<std::uint32_t>(texture), index};
}

/// Five half-planes around the centre of the unit square, whose edges are at the same distance from it.
struct FiveHalfPlanes {
  double distance;
  std::array<double, 5> x, y;  // normals

  /// The first normal points at `angle` degrees.
  FiveHalfPlanes(double from_centre, double angle) : distance(from_centre), x{}, y{} {
    for (std::size_t k = 0; k < 5; ++k) {
      x[k] = std::cos((angle + 72 * static_cast<double>(k)) * kDegree);
      y[k] = std::sin((angle + 72 * static_cast<double>(k)) * kDegree);
    }
  }
  /// How many of them a point is outside of.
  int outside(double at_x, double at_y) const {
    int count = 0;
    for (std::size_t k = 0; k < 5; ++k) count += (at_x - 0.5) * x[k] + (at_y - 0.5) * y[k] > distance;
    return count;
  }
};
const FiveHalfPlanes kPentagon(0.5 * std::cos(36 * kDegree), 90);
// The lines of a pentagram: each tip lies outside of one of them, and what is between two tips outside of two.
const FiveHalfPlanes kPentagram(0.5 * std::cos(72 * kDegree), -90);

/// Whether a point of the unit square, x to the right and y down, belongs to the shape.
bool inside(Shape shape, double x, double y) {
  if (x < 0 || x >= 1 || y < 0 || y >= 1) return false;
  const double from_middle = std::abs(x - 0.5);
  constexpr double kArm = 1.0 / 6;  // half the width of the arms of a plus and of the stem of a tee
  switch (shape) {
    case Shape::triangle: return from_middle < y / 2;
    case Shape::square: return true;
    case Shape::plus: return from_middle < kArm || std::abs(y - 0.5) < kArm;
    case Shape::circle: return square(x - 0.5) + square(y - 0.5) < square(0.5);
    case Shape::tee: return y < 2 * kArm || from_middle < kArm;
    case Shape::rhombus: return x + y / 2 > 0.5 && x + y / 2 < 1;
    case Shape::pentagon: return kPentagon.outside(x, y) == 0;
    case Shape::star: return kPentagram.outside(x, y) <= 1;
    case Shape::fivesquare: return (std::abs(x - 0.5) < kArm) == (std::abs(y - 0.5) < kArm);
    case Shape::trapezoid: return from_middle < 0.5 - y / 3.1;
  }
  return false;
}

/// The tile of a texture in periods.
struct Tile {
  double height = 1, width = 1;
};

Tile tile_of(Texture texture) {
  switch (texture) {
    case Texture::hexgrid: return {.height = kRoot3, .width = 1};
    case Texture::zigzags:
    case Texture::pluses: return {.height = 2, .width = 1};
    case Texture::noise:
    case Texture::rain: return {.height = kIrregularPeriods, .width = kIrregularPeriods};
    default: return {};
  }
}

/// Whether a point has ink, in periods of the texture. Not for noise and rain, which are drawn grain by
/// grain and drop by drop.
bool inked(Texture texture, double x, double y) {
  constexpr double kLine = 0.3, kThinLine = 0.2;
  const double u = fraction(x), v = fraction(y);
  switch (texture) {
    case Texture::solid: return true;
    case Texture::stripes: return v < kLine;
    case Texture::grid: return u < kLine || v < kLine;
    case Texture::hexgrid:  // lines in three directions, 60 degrees apart
      return fraction(2 * y / kRoot3) < kThinLine || fraction(x + y / kRoot3) < kThinLine ||
             fraction(x - y / kRoot3) < kThinLine;
    case Texture::dots: return square(u - 0.5) + square(v - 0.5) < square(0.4);
    case Texture::triangles: return std::abs(u - 0.5) < v / 2;
    case Texture::zigzags: return fraction(x - std::abs(1 - 2 * fraction(y / 2)) / 2) < 0.5;
    case Texture::pluses: {  // every other row is shifted by half a period
      const double du = std::abs(fraction(fraction(y / 2) < 0.5 ? x : x + 0.5) - 0.5), dv = std::abs(v - 0.5);
      constexpr double kHalfWidth = 0.15, kHalfLength = 0.42;
      return std::min(du, dv) < kHalfWidth && std::max(du, dv) < kHalfLength;
    }
    case Texture::noise:
    case Texture::rain: break;
  }
  return false;
}

/// What `ink` says at the centre of every sample.
template <class Ink>
std::vector<std::uint8_t> sample(std::int64_t height, std::int64_t width, Ink ink) {
  std::vector<std::uint8_t> samples(static_cast<std::size_t>(height * width));
  auto out = samples.begin();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) *out++ = ink(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
  }
  return samples;
}

void draw_drops(Mask& mask, double samples_per_period) {
  const auto samples = [&](double periods) { return static_cast<std::int64_t>(periods * samples_per_period); };
  for (int drop = 0; drop < kDrops; ++drop) {
    engine::Philox random = random_of(Texture::rain, static_cast<std::uint64_t>(drop));
    const std::int64_t top = random.below(static_cast<std::uint64_t>(mask.height));
    const std::int64_t left = random.below(static_cast<std::uint64_t>(mask.width));
    for (std::int64_t y = top; y < top + samples(kDropHeight); ++y) {
      for (std::int64_t x = left; x < left + samples(kDropWidth); ++x) {
        mask.coverage[static_cast<std::size_t>(y % mask.height * mask.width + x % mask.width)] = 1;
      }
    }
  }
}

void draw_grains(Mask& mask) {
  constexpr std::int64_t kCells = kGrains * kIrregularPeriods;  // in each direction
  std::array<bool, kCells * kCells> grains{};
  for (std::size_t i = 0; i < grains.size(); ++i) grains[i] = random_of(Texture::noise, i).next() >> 31 != 0;
  for (std::int64_t y = 0; y < mask.height; ++y) {
    for (std::int64_t x = 0; x < mask.width; ++x) {
      const std::int64_t cell = y * kCells / mask.height * kCells + x * kCells / mask.width;
      mask.coverage[static_cast<std::size_t>(y * mask.width + x)] = grains[static_cast<std::size_t>(cell)];
    }
  }
}

/// The window of a pixel in samples.
std::int64_t window_of(double scale) { return std::max<std::int64_t>(std::llround(scale), 1); }

/// Turns ink into the coverage of pixels centred at each sample, as if the mask went on at its other edge.
void cover(Mask& mask) {
  const std::int64_t rows = window_of(mask.y_scale), columns = window_of(mask.x_scale), most = rows * columns;
  const auto width = static_cast<std::size_t>(mask.width);
  const auto wrapped = [](std::int64_t i, std::int64_t count) { return static_cast<std::size_t>((i + count) % count); };
  // The ink in a window of each row, then the sum of these in a window of rows.
  std::vector<std::uint16_t> across(mask.coverage.size());
  for (std::int64_t y = 0; y < mask.height; ++y) {
    const std::uint8_t* ink = mask.coverage.data() + y * mask.width;
    std::int64_t begin = -(columns / 2);
    int sum = 0;
    for (std::int64_t x = begin; x < begin + columns; ++x) sum += ink[wrapped(x, mask.width)];
    for (std::size_t x = 0; x < width; ++x, ++begin) {
      across[static_cast<std::size_t>(y) * width + x] = static_cast<std::uint16_t>(sum);
      sum += ink[wrapped(begin + columns, mask.width)] - ink[wrapped(begin, mask.width)];
    }
  }
  std::vector<std::int32_t> sums(width);
  const auto add_row = [&](std::int64_t y, int sign) {
    const std::uint16_t* row = across.data() + wrapped(y, mask.height) * width;
    for (std::size_t x = 0; x < width; ++x) sums[x] += sign * row[x];
  };
  std::int64_t begin = -(rows / 2);
  for (std::int64_t y = begin; y < begin + rows; ++y) add_row(y, 1);
  const float per_ink = 255 / static_cast<float>(most);
  for (std::int64_t y = 0; y < mask.height; ++y, ++begin) {
    std::uint8_t* out = mask.coverage.data() + y * mask.width;
    for (std::size_t x = 0; x < width; ++x) {
      out[x] = static_cast<std::uint8_t>(static_cast<float>(sums[x]) * per_ink + 0.5f);
    }
    add_row(begin + rows, 1);
    add_row(begin, -1);
  }
}

}  // namespace

ShapeMask shape_mask(Shape shape, double side) {
  ShapeMask mask;
  mask.y_scale = mask.x_scale = kShapeSamples / side;
  mask.margin = window_of(mask.x_scale);
  mask.height = mask.width = kShapeSamples + 2 * mask.margin;
  mask.coverage = sample(mask.height, mask.width, [&](double x, double y) {
    const auto margin = static_cast<double>(mask.margin);
    return inside(shape, (x - margin) / kShapeSamples, (y - margin) / kShapeSamples);
  });
  cover(mask);
  return mask;
}

Mask texture_mask(Texture texture, double period) {
  constexpr double kSamplesPerPeriod = 64;
  const Tile tile = tile_of(texture);
  Mask mask;
  mask.height = static_cast<std::int64_t>(kSamplesPerPeriod * std::ceil(tile.height));
  mask.width = static_cast<std::int64_t>(kSamplesPerPeriod * std::ceil(tile.width));
  const double height = static_cast<double>(mask.height) / tile.height;  // samples per period
  const double width = static_cast<double>(mask.width) / tile.width;
  mask.y_scale = height / period;
  mask.x_scale = width / period;
  if (texture == Texture::noise || texture == Texture::rain) {
    mask.coverage.resize(static_cast<std::size_t>(mask.height * mask.width));
    if (texture == Texture::noise) draw_grains(mask);
    if (texture == Texture::rain) draw_drops(mask, kSamplesPerPeriod);
  } else {
    mask.coverage =
        sample(mask.height, mask.width, [&](double x, double y) { return inked(texture, x / width, y / height); });
  }
  cover(mask);
  return mask;
}

}  // namespace data
