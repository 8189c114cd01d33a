#include "kernels/cpu/simd.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace kernels::cpu;

namespace {

float first_lane(Floats values) {
  float lane[kLanes];
  store(lane, values);
  return lane[0];
}
float exp2_of(float x) { return first_lane(kernels::cpu::exp2(broadcast(x))); }

Floats ascending() {
  float lane[kLanes];
  for (int i = 0; i < kLanes; ++i) lane[i] = static_cast<float>(i);
  return load(lane);
}

}  // namespace

TEST_CASE("simd: exp2 is within 2 ulp over its whole range") {
  double worst = 0;
  for (int i = -126 * 4096; i < static_cast<int>(127.4 * 4096); ++i) {
    const float x = static_cast<float>(i) / 4096.0f + 0.3f / 4096.0f;
    const double expected = std::exp2(static_cast<double>(x));
    const double ulp = std::ldexp(1.0, std::ilogb(expected) - 23);
    worst = std::max(worst, std::abs(static_cast<double>(exp2_of(x)) - expected) / ulp);
  }
  MESSAGE("worst error of exp2: ", worst, " ulp");
  CHECK(worst <= 2.0);
}

TEST_CASE("simd: exp2 is exact at whole numbers, 0 far below, and keeps NaN") {
  for (int n = -126; n <= 127; ++n) CHECK(exp2_of(static_cast<float>(n)) == std::ldexp(1.0f, n));
  for (const float x : {-126.6f, -127.0f, -200.0f, -1e30f, std::numeric_limits<float>::lowest(),
                        -std::numeric_limits<float>::infinity()}) {
    CAPTURE(x);
    CHECK(exp2_of(x) == 0.0f);
  }
  CHECK(std::isnan(exp2_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("simd: exp is within 2 + 1.25 |x| ulp, and 0 of minus infinity") {
  for (int i = -87 * 64; i < 88 * 64; ++i) {
    const float x = static_cast<float>(i) / 64.0f + 0.3f / 64.0f;
    const double expected = std::exp(static_cast<double>(x)), ulp = std::ldexp(1.0, std::ilogb(expected) - 23);
    CAPTURE(x);
    CHECK(std::abs(first_lane(kernels::cpu::exp(broadcast(x))) - expected) <= (2 + 1.25 * std::abs(x)) * ulp);
  }
  CHECK(first_lane(kernels::cpu::exp(broadcast(-std::numeric_limits<float>::infinity()))) == 0.0f);
}

TEST_CASE("simd: reductions see every lane") {
  CHECK(sum(ascending()) == static_cast<float>(kLanes * (kLanes - 1) / 2));
  CHECK(kernels::cpu::max(ascending()) == static_cast<float>(kLanes - 1));
  CHECK(kernels::cpu::max(-ascending()) == 0.0f);
  CHECK(sum(kernels::cpu::max(ascending(), broadcast(static_cast<float>(kLanes)))) ==
        static_cast<float>(kLanes * kLanes));
}

TEST_CASE("simd: vectors and the elements left over add up, and know their numbers") {
  for (const int count : {0, 1, kLanes, 3 * kLanes - 1}) {
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(count), -1);
    LaneSums sums;
    for_each_vector(count, [&]<class V>(std::int64_t i, V) {
      const auto from = numbers_from<V>(i);
      std::memcpy(numbers.data() + i, &from, sizeof from);
      sums += V() + 2.0f;
    });
    CHECK(sums.total() == 2.0f * static_cast<float>(count));
    for (int i = 0; i < count; ++i) CHECK(numbers[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("simd: bf16 vectors load exactly and store rounded to nearest even") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float values[kLanes] = {0x1.01p0f, 0x1.03p0f, -0x1.010002p0f, kInfinity};
  values[kLanes - 1] = 3.4e38f;
  engine::bf16 halves[kLanes];
  store(halves, load(values));
  for (int i = 0; i < kLanes; ++i) CHECK(halves[i].bits == engine::bf16(values[i]).bits);
  float back[kLanes];
  store(back, load(halves));
  for (int i = 0; i < kLanes; ++i) CHECK(back[i] == static_cast<float>(halves[i]));
  store(halves, broadcast(std::nanf("")));
  CHECK(std::isnan(static_cast<float>(halves[0])));
}

TEST_CASE("simd: vectors of bytes load as numbers from 0 to 255 and store their lowest 8 bits") {
  for (int first = 0; first < 256; first += kLanes) {
    std::uint8_t bytes[kLanes], back[kLanes];
    for (int i = 0; i < kLanes; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
    const Ints loaded = load(bytes);
    for (int i = 0; i < kLanes; ++i) CHECK(loaded[i] == first + i);
    store(back, loaded + 0x12300);
    for (int i = 0; i < kLanes; ++i) CHECK(back[i] == bytes[i]);
  }
}
