#include "kernels/runtime/philox.h"

#include <doctest/doctest.h>

#include <cmath>

using engine::Philox;
using engine::Purpose;

namespace {

void check_block(Philox::Block counter, std::uint32_t key0, std::uint32_t key1, Philox::Block expected) {
  const Philox::Block actual = Philox::block(counter, key0, key1);
  for (int i = 0; i < 4; ++i) CHECK(actual.word[i] == expected.word[i]);
}

}  // namespace

TEST_CASE("philox: known answers of the Random123 distribution (philox4x32-10)") {
  check_block({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  const std::uint32_t ones = 0xffffffff;
  check_block({{ones, ones, ones, ones}}, ones, ones, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  check_block({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
              {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("philox: streams with different purposes, sub-indices, indices and seeds differ, equal ones repeat") {
  const auto first = [](std::uint64_t seed, Purpose purpose, std::uint32_t sub, std::uint64_t index) {
    return Philox(seed, purpose, sub, index).next64();
  };
  const std::uint64_t base = first(1, Purpose::crop, 2, 3);
  CHECK(base == first(1, Purpose::crop, 2, 3));
  CHECK(base != first(2, Purpose::crop, 2, 3));
  CHECK(base != first(std::uint64_t{1} << 32 | 1, Purpose::crop, 2, 3));
  CHECK(base != first(1, Purpose::bits, 2, 3));
  CHECK(base != first(1, Purpose::crop, 3, 3));
  CHECK(base != first(1, Purpose::crop, 2, 4));
  CHECK(base != first(1, Purpose::crop, 2, std::uint64_t{1} << 32 | 3));
}

TEST_CASE("philox: uniform, below and normal have the moments and ranges they promise") {
  Philox random(7, Purpose::initialization, 0, 0);
  constexpr int kDraws = 200000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  int counts[7] = {};
  for (int i = 0; i < kDraws; ++i) {
    const float u = random.uniform();
    CHECK((u >= 0 && u < 1));
    sum += u;
    ++counts[random.below(7)];
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  CHECK(std::abs(sum / kDraws - 0.5) < 5 * std::sqrt(1.0 / 12 / kDraws));
  for (const int count : counts) CHECK(std::abs(count - kDraws / 7.0) < 5 * std::sqrt(kDraws / 7.0));
  CHECK(std::abs(normal_sum / kDraws) < 5 / std::sqrt(kDraws));
  CHECK(std::abs(normal_squares / kDraws - 1) < 5 * std::sqrt(2.0 / kDraws));
}
