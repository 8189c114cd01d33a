#include "data/compositions/view_size.h"

#include <doctest/doctest.h>

#include "tests/data/drawn_source.h"
#include "tests/data/ragged_source.h"

TEST_CASE("view size: a network sees images in another size, and all else is the source's") {
  const auto source = std::make_shared<tests::RaggedSource>(9);
  const data::ViewSize views(source, {16, 24});
  CHECK(view_shape(views) == engine::Shape{16, 24, 3});
  CHECK(!views.layout().extent);
  CHECK(views.size() == 9);
  CHECK(views.describe() == "ragged images");
  CHECK(fingerprint(views) == fingerprint(*source));
  CHECK(tests::read_example(views, 4).pixels == tests::read_example(*source, 4).pixels);
  CHECK(tests::read_example(views, 4).extent == tests::RaggedSource::extent_of(4));

  const auto square = std::make_shared<tests::DrawnSource>(3, engine::Shape{8, 8, 1}, 2, nullptr);
  CHECK(view_shape(*square) == engine::Shape{8, 8, 1});
  CHECK(image_shape(data::ViewSize(square, {16, 16})) == engine::Shape{8, 8, 1});
  CHECK(view_shape(data::ViewSize(square, {16, 16})) == engine::Shape{16, 16, 1});
}
