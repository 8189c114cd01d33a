#include "engine/io/stored_type.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "kernels/runtime/error.h"

using engine::StoredType;

namespace {

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T) + 1);  // one byte more: used unaligned
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(T));
  return bytes;
}

template <class T>
std::vector<float> floats(StoredType type, const std::vector<T>& values) {
  std::vector<float> result(values.size());
  const std::vector<std::byte> bytes = bytes_of(values);
  engine::to_floats(type, std::span(bytes).subspan(1), result);
  return result;
}
template <class T>
std::vector<std::int64_t> whole(StoredType type, const std::vector<T>& values) {
  std::vector<std::int64_t> result(values.size());
  const std::vector<std::byte> bytes = bytes_of(values);
  engine::to_whole_numbers(type, std::span(bytes).subspan(1), result);
  return result;
}

/// A half-precision number by its definition: (-1)^sign 2^(exponent - 15) (1 + fraction / 1024).
double half(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double sign = bits >> 15 ? -1 : 1, fraction = (bits & 1023) / 1024.0;
  return exponent == 0 ? sign * std::ldexp(fraction, -14) : sign * std::ldexp(1 + fraction, exponent - 15);
}

}  // namespace

TEST_CASE("stored type: every finite half-precision number becomes the float that it is") {
  std::vector<std::uint16_t> all;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    if ((bits >> 10 & 31) != 31) all.push_back(static_cast<std::uint16_t>(bits));
  }
  const std::vector<float> values = floats(StoredType::f16, all);
  bool equal = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    equal &= values[i] == half(all[i]) && std::signbit(values[i]) == (all[i] >> 15 != 0);
  }
  CHECK(equal);
  const auto special = floats<std::uint16_t>(StoredType::f16, {0x7c00, 0xfc00, 0x7e00, 0xfc01});
  CHECK(special[0] == std::numeric_limits<float>::infinity());
  CHECK(special[1] == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(special[2]));
  CHECK(std::isnan(special[3]));
}

TEST_CASE("stored type: other floating-point types are rounded to the nearest float") {
  CHECK(floats<float>(StoredType::f32, {1.5f, -0.1f}) == std::vector{1.5f, -0.1f});
  CHECK(floats<double>(StoredType::f64, {0.1, 1e300}) == std::vector{0.1f, std::numeric_limits<float>::infinity()});
  CHECK(floats<engine::bf16>(StoredType::bf16, {engine::bf16(3.0f), engine::bf16(-0.5f)}) == std::vector{3.0f, -0.5f});
}

TEST_CASE("stored type: whole numbers of every width, and different ones stay different") {
  using Whole = std::vector<std::int64_t>;
  CHECK(whole<std::int8_t>(StoredType::i8, {-128, 127}) == Whole{-128, 127});
  CHECK(whole<std::uint8_t>(StoredType::u8, {0, 255}) == Whole{0, 255});
  CHECK(whole<std::int16_t>(StoredType::i16, {-2, 300}) == Whole{-2, 300});
  CHECK(whole<std::uint16_t>(StoredType::u16, {65535}) == Whole{65535});
  CHECK(whole<std::int32_t>(StoredType::i32, {INT32_MIN}) == Whole{INT32_MIN});
  CHECK(whole<std::uint32_t>(StoredType::u32, {UINT32_MAX}) == Whole{UINT32_MAX});
  CHECK(whole<std::int64_t>(StoredType::i64, {INT64_MIN, 7}) == Whole{INT64_MIN, 7});
  CHECK(whole<std::uint64_t>(StoredType::u64, {UINT64_MAX, 7}) == Whole{-1, 7});
  CHECK(whole<std::uint8_t>(StoredType::boolean, {0, 1, 255}) == Whole{0, 1, 1});
}

TEST_CASE("stored type: names differ, floats are not whole numbers, and sizes must fit") {
  std::set<std::string> names, numpy_names;
  for (const StoredType type : engine::kStoredTypes) {
    names.insert(engine::name(type));
    numpy_names.insert(engine::numpy_name(type));
    std::vector<std::int64_t> none;
    std::vector<float> no_floats;
    if (engine::is_floating_point(type)) {
      CHECK_THROWS_AS(engine::to_whole_numbers(type, {}, none), engine::Error);
    } else {
      CHECK_THROWS_AS(engine::to_floats(type, {}, no_floats), engine::Error);
    }
  }
  CHECK(names.size() == std::size(engine::kStoredTypes));
  CHECK(numpy_names.size() == std::size(engine::kStoredTypes));
  std::vector<float> two(2);
  CHECK_THROWS_AS(engine::to_floats(StoredType::f64, std::vector<std::byte>(8), two), engine::Error);
  CHECK(engine::size_of(engine::stored_type(engine::Dtype::bf16)) == 2);
  CHECK(engine::stored_type(engine::Dtype::i64) == StoredType::i64);
}
