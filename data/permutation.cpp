#include "data/permutation.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "data/splitmix.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {

Permutation::Permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch) : n_(static_cast<std::uint64_t>(n)) {
  EXPECTS(n >= 1, "permutation: expected at least one element, got ", n);
  const auto bits = std::max(kMinBits, static_cast<int>(std::bit_width(n_ - 1)));
  left_bits_ = bits / 2;
  right_bits_ = bits - left_bits_;
  engine::Philox random(seed, engine::Purpose::shuffle, 0, epoch);
  for (std::uint64_t& key : keys_) key = random.next64();
}

std::int64_t Permutation::operator()(std::int64_t position) const {
  auto value = static_cast<std::uint64_t>(position);
  assert(value < n_);
  do value = encrypt(value);
  while (value >= n_);
  return static_cast<std::int64_t>(value);
}

// Two halves, whose widths differ by one when `bits` is odd; the rounds change them in turn, each keyed by the other.
std::uint64_t Permutation::encrypt(std::uint64_t value) const {
  const std::uint64_t left_mask = (std::uint64_t{1} << left_bits_) - 1;
  const std::uint64_t right_mask = (std::uint64_t{1} << right_bits_) - 1;
  std::uint64_t left = value >> right_bits_, right = value & right_mask;
  for (int round = 0; round < kRounds; round += 2) {
    left ^= mix64(right + keys_[round]) & left_mask;
    right ^= mix64(left + keys_[round + 1]) & right_mask;
  }
  return left << right_bits_ | right;
}

}  // namespace data
