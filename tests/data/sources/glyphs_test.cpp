#include "data/sources/glyphs.h"

#include <doctest/doctest.h>

TEST_CASE("glyphs: every digit has several, inside the unit square, of strokes with two points or more") {
  for (int digit = 0; digit < 10; ++digit) {
    const auto glyphs = data::glyphs_of(digit);
    CHECK(glyphs.size() >= 2);
    for (const data::Glyph& glyph : glyphs) {
      CHECK(glyph.digit == digit);
      int points = 0;
      for (const data::PenPoint p : glyph.path()) {
        if (is_pen_up(p)) {
          CHECK(points >= 2);
          points = 0;
          continue;
        }
        CHECK((p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1));
        ++points;
      }
      CHECK(points >= 2);
    }
  }
  CHECK(data::glyphs_of(10).empty());
}
