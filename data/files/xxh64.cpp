#include "data/files/xxh64.h"

#include <array>
#include <bit>
#include <cstring>

namespace data {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87, kPrime2 = 0xC2B2AE3D27D4EB4F, kPrime3 = 0x165667B19E3779F9,
                        kPrime4 = 0x85EBCA77C2B2AE63, kPrime5 = 0x27D4EB2F165667C5;

static_assert(std::endian::native == std::endian::little, "XXH64 reads little-endian numbers");

template <class Number>
std::uint64_t take(const std::byte*& at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  at += sizeof number;
  return number;
}

std::uint64_t round(std::uint64_t sum, std::uint64_t number) { return std::rotl(sum + number * kPrime2, 31) * kPrime1; }

/// The specification's steps 1 to 3: four sums, each of every fourth number.
std::uint64_t sum_of_stripes(const std::byte*& at, std::size_t stripes) {
  std::array<std::uint64_t, 4> sums{kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
  for (; stripes > 0; --stripes) {
    for (std::uint64_t& sum : sums) sum = round(sum, take<std::uint64_t>(at));
  }
  std::uint64_t all = std::rotl(sums[0], 1) + std::rotl(sums[1], 7) + std::rotl(sums[2], 12) + std::rotl(sums[3], 18);
  for (const std::uint64_t sum : sums) all = (all ^ round(0, sum)) * kPrime1 + kPrime4;
  return all;
}

}  // namespace

std::uint64_t xxh64(std::span<const std::byte> bytes) {
  constexpr std::size_t kStripe = 32;
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  std::uint64_t hash = bytes.size() >= kStripe ? sum_of_stripes(at, bytes.size() / kStripe) : kPrime5;
  hash += bytes.size();
  while (end - at >= 8) hash = std::rotl(hash ^ round(0, take<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
  if (end - at >= 4) hash = std::rotl(hash ^ take<std::uint32_t>(at) * kPrime1, 23) * kPrime2 + kPrime3;
  while (at < end) hash = std::rotl(hash ^ take<std::uint8_t>(at) * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace data
