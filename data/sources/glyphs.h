#pragma once
#include <array>
#include <initializer_list>
#include <span>

namespace data {

/// A point on the paper: x to the right, y down; the digit lies in [0,1] x [0,1].
struct PenPoint {
  double x, y;
};

/// Separates two strokes of a glyph.
inline constexpr PenPoint kPenUp{-1, -1};
constexpr bool is_pen_up(PenPoint p) { return p.x < 0; }

/// One way to write a digit: points on smooth pen strokes. A corner is where two strokes meet.
struct Glyph {
  int digit;
  std::size_t count = 0;
  std::array<PenPoint, 20> points{};

  constexpr Glyph(int of_digit, std::initializer_list<PenPoint> list) : digit(of_digit) {
    for (const PenPoint point : list) points[count++] = point;
  }
  std::span<const PenPoint> path() const { return std::span(points).first(count); }
};

/// The glyphs of `digit` (0 to 9), at least two.
std::span<const Glyph> glyphs_of(int digit);

}  // namespace data
