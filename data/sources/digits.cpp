#include "data/sources/digits.h"

#include <algorithm>
#include <cmath>

#include "data/sources/glyphs.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {
namespace {

using engine::Philox;

// The difficulty of the set. Lengths are in pixels where the name says Px, otherwise fractions of the digit's height.
constexpr double kMinHeightPx = 17, kMaxHeightPx = 21;
constexpr double kMinAspect = 0.62, kMaxAspect = 1.05;  // width / height of the glyph's box
constexpr double kRotation = 0.15;                      // radians, standard deviation
constexpr double kSlant = 0.16;                         // shear, standard deviation
constexpr double kWaveAmplitude = 0.045;                // of each bending wave
constexpr double kTremor = 0.014;                       // of each pen point, standard deviation
constexpr double kShiftPx = 1.0;                        // of the digit's centre in x and in y, maximum
constexpr double kMinRadiusPx = 0.65, kMaxRadiusPx = 1.75;
constexpr double kPressure = 0.25;  // relative change of the radius along a stroke
constexpr double kMinInk = 0.7;     // brightness of the palest pen
constexpr double kMaxGrain = 0.06;  // largest noise on a pixel of the roughest paper
constexpr int kMaxStrayMarks = 1;

constexpr std::uint64_t kSeed = 0x616e7469706f6465;  // frozen, like all above: another value changes the data
constexpr int kSide = 28;

double between(Philox& random, double low, double high) { return low + (high - low) * random.uniform64(); }
/// Normal, cut at two standard deviations: without the cut some digits would be unreadable.
double bounded_normal(Philox& random, double deviation) { return deviation * std::clamp(random.normal(), -2.0, 2.0); }

float to_unit(float value) { return std::clamp(value, 0.0f, 1.0f); }

struct PenDot {
  float x, y, radius;  // pixels
};

/// Ink on a square of paper, 0 to 1.
class Paper {
 public:
  explicit Paper(float softness) : sharpness_(1 / softness) {}

  /// Draws the line from a to b; its radius changes linearly from a's to b's, and its edge fades over `softness`
  /// pixels.
  void draw(PenDot a, PenDot b, float ink) {
    const float dx = b.x - a.x, dy = b.y - a.y, dr = b.radius - a.radius;
    const float length_squared = dx * dx + dy * dy;
    const float inverse = length_squared > 0 ? 1 / length_squared : 0;
    const float reach = std::max(a.radius, b.radius) + 0.5f / sharpness_;
    const int x_begin = clamped(std::min(a.x, b.x) - reach), x_end = clamped(std::max(a.x, b.x) + reach + 1);
    const int y_begin = clamped(std::min(a.y, b.y) - reach), y_end = clamped(std::max(a.y, b.y) + reach + 1);
    for (int y = y_begin; y < y_end; ++y) {
      for (int x = x_begin; x < x_end; x += kLanes) {
        float* row = ink_[y] + x;
#pragma omp simd
        for (int lane = 0; lane < kLanes; ++lane) {  // a constant count, which compiles to one vector
          const float px = static_cast<float>(x + lane) - a.x, py = static_cast<float>(y) - a.y;
          const float t = to_unit((px * dx + py * dy) * inverse);
          const float ex = px - t * dx, ey = py - t * dy;
          const float inside = a.radius + t * dr - std::sqrt(ex * ex + ey * ey);
          const float cover = ink * to_unit(inside * sharpness_ + 0.5f);
          row[lane] = cover > row[lane] ? cover : row[lane];
        }
      }
    }
  }

  /// Writes the picture, 0 to 255, with noise of up to +-roughness from the bytes of `grain`.
  void develop(const std::uint8_t* grain, float roughness, std::uint8_t* out) const {
    for (int y = 0; y < kSide; ++y) {
#pragma omp simd
      for (int x = 0; x < kSide; ++x) {
        const float noise = roughness * (static_cast<float>(grain[y * kSide + x]) / 127.5f - 1);
        out[y * kSide + x] = static_cast<std::uint8_t>(255 * to_unit(ink_[y][x] + noise) + 0.5f);
      }
    }
  }

 private:
  static constexpr int kLanes = 8;
  static int clamped(float pixel) { return static_cast<int>(std::clamp(pixel, 0.0f, float{kSide})); }

  float sharpness_;
  float ink_[kSide][kSide + kLanes] = {};  // a vector may write past the end of a row
};

/// Bends, slants, scales and places points of the unit square, with the same random values for all points of one digit.
class Hand {
 public:
  explicit Hand(Philox& random) {
    for (auto& axis : waves_) {
      for (Wave& wave : axis) {
        wave = {.amplitude = bounded_normal(random, kWaveAmplitude),
                .fx = 6.2832 * between(random, -0.8, 0.8),
                .fy = 6.2832 * between(random, -0.8, 0.8),
                .phase = between(random, 0, 6.2832)};
      }
    }
    const double height = between(random, kMinHeightPx, kMaxHeightPx);
    const double width = height * between(random, kMinAspect, kMaxAspect);
    const double angle = bounded_normal(random, kRotation), slant = bounded_normal(random, kSlant);
    // rotation * shear * size
    xx_ = std::cos(angle) * width;
    xy_ = (-std::cos(angle) * slant - std::sin(angle)) * height;
    yx_ = std::sin(angle) * width;
    yy_ = (-std::sin(angle) * slant + std::cos(angle)) * height;
    x0_ = (kSide - 1) / 2.0 + between(random, -kShiftPx, kShiftPx);
    y0_ = (kSide - 1) / 2.0 + between(random, -kShiftPx, kShiftPx);
  }

  PenPoint write(PenPoint p) const {
    const double x = p.x - 0.5 + bend(waves_[0], p), y = p.y - 0.5 + bend(waves_[1], p);
    return {x0_ + xx_ * x + xy_ * y, y0_ + yx_ * x + yy_ * y};
  }

 private:
  struct Wave {
    double amplitude, fx, fy, phase;
  };
  using Waves = Wave[3];

  static double bend(const Waves& waves, PenPoint p) {
    double sum = 0;
    for (const Wave& wave : waves) sum += wave.amplitude * std::sin(wave.fx * p.x + wave.fy * p.y + wave.phase);
    return sum;
  }

  Waves waves_[2];
  double xx_, xy_, yx_, yy_, x0_, y0_;
};

/// A point of the curve through p1 and p2 (Catmull & Rom 1974), t in [0,1].
double spline(double p0, double p1, double p2, double p3, double t) {
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
}

struct Pen {
  double radius, pressure_phase;
  float ink;

  PenDot dot(double x, double y) const {
    const double swell = 1 + kPressure * std::sin(0.3 * (x + 0.7 * y) + pressure_phase);
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(radius * swell)};
  }
};

void draw_stroke(Paper& paper, const Pen& pen, std::span<const PenPoint> points) {
  constexpr int kPieces = 4;  // straight segments per pen point
  PenDot from = pen.dot(points[0].x, points[0].y);
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const PenPoint &p1 = points[i], &p2 = points[i + 1];
    const PenPoint &p0 = i > 0 ? points[i - 1] : p1, &p3 = i + 2 < points.size() ? points[i + 2] : p2;
    for (int piece = 1; piece <= kPieces; ++piece) {
      const double t = static_cast<double>(piece) / kPieces;
      const PenDot to = pen.dot(spline(p0.x, p1.x, p2.x, p3.x, t), spline(p0.y, p1.y, p2.y, p3.y, t));
      paper.draw(from, to, pen.ink);
      from = to;
    }
  }
}

void draw_glyph(Paper& paper, const Pen& pen, const Hand& hand, const Glyph& glyph, Philox& random) {
  PenPoint points[std::tuple_size_v<decltype(glyph.points)>];
  std::size_t count = 0;
  for (const PenPoint p : glyph.path()) {
    if (is_pen_up(p)) {
      draw_stroke(paper, pen, {points, count});
      count = 0;
    } else {
      points[count++] = hand.write({p.x + bounded_normal(random, kTremor), p.y + bounded_normal(random, kTremor)});
    }
  }
  draw_stroke(paper, pen, {points, count});
}

/// Draws a short, thin, pale line at a random place.
void draw_stray_mark(Paper& paper, Philox& random) {
  const double x = between(random, 0, kSide), y = between(random, 0, kSide);
  const double angle = between(random, 0, 6.2832), length = between(random, 1, 6);
  const Pen pen{
      .radius = between(random, 0.3, 0.7), .pressure_phase = 0, .ink = static_cast<float>(between(random, 0.25, 0.6))};
  paper.draw(pen.dot(x, y), pen.dot(x + length * std::cos(angle), y + length * std::sin(angle)), pen.ink);
}

Philox random_of(Split split, std::int64_t i) {
  return {kSeed, engine::Purpose::drawing, static_cast<std::uint32_t>(split), static_cast<std::uint64_t>(i)};
}

}  // namespace

std::optional<std::int32_t> Digits::label(std::int64_t i) const {
  return static_cast<std::int32_t>(random_of(split_, i).below(10));
}

void Digits::read(const Visit& visit, const DecodeHint&, Example& example) const {
  Philox random = random_of(split_, visit.example);
  const auto digit = static_cast<int>(random.below(10));  // the first draw, as in label()
  const std::span<const Glyph> glyphs = glyphs_of(digit);
  const Glyph& glyph = glyphs[random.below(glyphs.size())];
  const Hand hand(random);
  const Pen pen{.radius = between(random, kMinRadiusPx, kMaxRadiusPx),
                .pressure_phase = between(random, 0, 6.2832),
                .ink = static_cast<float>(between(random, kMinInk, 1))};
  Paper paper(static_cast<float>(between(random, 0.8, 1.6)));
  draw_glyph(paper, pen, hand, glyph, random);
  for (auto marks = random.below(kMaxStrayMarks + 1); marks > 0; --marks) draw_stray_mark(paper, random);

  std::uint32_t grain[kSide * kSide / 4];  // a byte of noise per pixel
  for (std::uint32_t& word : grain) word = random.next();
  paper.develop(reinterpret_cast<const std::uint8_t*>(grain), static_cast<float>(between(random, 0, kMaxGrain)),
                example.resize(*layout_.extent, layout_.channels));
  example.labels.assign(1, digit);
  example.bits = {};
}

std::string Digits::describe() const {
  return engine::concat("digits: (", split_ == Split::train ? "train" : "test", ", ", size(), " drawn images)");
}

}  // namespace data
