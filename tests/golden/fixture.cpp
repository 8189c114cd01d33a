#include "tests/golden/fixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tests {
namespace {

using engine::Shape;

/// [a,c,h,w] -> [a,h,w,c].
template <class T>
std::vector<T> channels_last(const std::vector<T>& from, const Shape& to) {
  const std::int64_t pixels = to[1] * to[2], c = to[3];
  std::vector<T> values(from.size());
  for (std::int64_t i = 0; i < to.elements(); ++i) {
    const std::int64_t image = i / (pixels * c), pixel = i / c % pixels, channel = i % c;
    values[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>((image * c + channel) * pixels + pixel)];
  }
  return values;
}

Shape shape_of(const std::vector<std::int64_t>& s) {
  switch (s.size()) {
    case 0: return {};
    case 1: return {s[0]};
    case 2: return {s[0], s[1]};
    default: REQUIRE(s.size() == 4); return {s[0], s[2], s[3], s[1]};
  }
}

template <class T>
engine::Tensor to_tensor(const engine::Context& context, const engine::StoredTensor& stored) {
  const Shape shape = shape_of(stored.shape);
  std::vector<T> values(static_cast<std::size_t>(shape.elements()));
  std::memcpy(values.data(), stored.bytes.data(), stored.bytes.size());
  return engine::Tensor::from(context, shape, shape.rank() == 4 ? channels_last(values, shape) : values);
}

}  // namespace

Fixture::Fixture(const engine::Context& context, const std::string& name)
    : context_(context), file_(GOLDEN_DIR "/" + name + ".safetensors") {}

engine::Tensor Fixture::tensor(const std::string& name) const {
  const engine::StoredTensor& stored = file_.at(name);
  if (stored.type == engine::StoredType::i32) return to_tensor<std::int32_t>(context_, stored);
  if (stored.type == engine::StoredType::u8) return to_tensor<std::uint8_t>(context_, stored);
  REQUIRE(stored.type == engine::StoredType::f32);
  return to_tensor<float>(context_, stored);
}

void Fixture::expect_close(const engine::Tensor& actual, const std::string& name, double tolerance) const {
  CAPTURE(name);
  const engine::Tensor expected = tensor(name);
  REQUIRE(actual.shape() == expected.shape());
  const std::vector<float> a = actual.to_host<float>(), e = expected.to_host<float>();
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(e[i])));
    const double error = std::abs(static_cast<double>(a[i]) - e[i]);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  CAPTURE(largest);
  CHECK(worst <= tolerance * largest);
}

}  // namespace tests
