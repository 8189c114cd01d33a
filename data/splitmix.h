#pragma once
#include <cstdint>

namespace data {

/// The output function of splitmix64 (Steele, Lea & Flood 2014): a bijection of 64-bit words in which every input bit
/// moves every output bit.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// splitmix64 of a seed: its first output.
constexpr std::uint64_t splitmix64(std::uint64_t seed) { return mix64(seed + 0x9E3779B97F4A7C15u); }

}  // namespace data
