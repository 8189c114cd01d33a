#pragma once
#include <array>
#include <cstdint>

namespace data {

/// A shuffle of [0, n) without a table: the example at a position is computed on demand. Nothing is stored, any worker
/// can start anywhere, and a resumed run needs only its step.
///
/// A keyed Feistel network permutes [0, 2^bits), the smallest such range that contains n; it is applied again to
/// results outside [0, n) ("cycle walking", Black & Rogaway 2002), fewer than two rounds on average.
class Permutation {
 public:
  /// One permutation per seed and epoch.
  Permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch);

  /// The example at `position`, both in [0, n).
  std::int64_t operator()(std::int64_t position) const;

 private:
  // With fewer rounds, or on a smaller range, positions and successors are measurably not uniform (see the tests).
  static constexpr int kRounds = 8, kMinBits = 6;

  std::uint64_t encrypt(std::uint64_t value) const;

  std::uint64_t n_;
  int left_bits_, right_bits_;
  std::array<std::uint64_t, kRounds> keys_;
};

}  // namespace data
