#include "kernels/runtime/shape.h"

#include <doctest/doctest.h>

#include "kernels/runtime/device.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/error.h"

using namespace engine;

TEST_CASE("shape: elements, matrix view, printing and comparison") {
  const Shape shape{2, 3, 4};
  CHECK(shape.elements() == 24);
  CHECK(shape.rows() == 6);
  CHECK(shape.cols() == 4);
  CHECK(concat(shape) == "[2,3,4]");
  CHECK(shape.with_rows(7) == Shape{7, 3, 4});
  CHECK_FALSE(shape == Shape{2, 3});
  CHECK(Shape{}.elements() == 1);
  CHECK(Shape{0, 5}.elements() == 0);
  CHECK_THROWS_WITH_AS(Shape({1, 2, 3, 4, 5, 6}), "shape: at most 5 dimensions, got 6", Error);
  CHECK_THROWS_AS(Shape({-1}), Error);
}

TEST_CASE("bf16: rounds to nearest even, keeps infinities and NaN") {
  CHECK(static_cast<float>(bf16(1.0f)) == 1.0f);
  CHECK(static_cast<float>(bf16(1.00390625f)) == 1.0f);       // 1 + 2^-8: a tie, to the even neighbour
  CHECK(static_cast<float>(bf16(1.01171875f)) == 1.015625f);  // 1 + 3 * 2^-8: a tie, to the even neighbour
  CHECK(static_cast<float>(bf16(1.0f / 0.0f)) == 1.0f / 0.0f);
  CHECK(static_cast<float>(bf16(std::bit_cast<float>(0x7f800001u))) != static_cast<float>(bf16(1.0f / 0.0f)));
}

TEST_CASE("device: parses what it prints and refuses the rest") {
  CHECK(concat(Device::parse("cpu")) == "cpu");
  CHECK(concat(Device::parse("cuda")) == "cuda:0");
  CHECK(concat(Device::parse("cuda:3")) == "cuda:3");
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:x", "cuda:-1"}) CHECK_THROWS_AS(Device::parse(wrong), Error);
}
