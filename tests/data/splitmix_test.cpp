#include "data/splitmix.h"

#include <doctest/doctest.h>

TEST_CASE("splitmix64: the published sequence for seed 1234567") {
  // The generator adds the golden gamma to its state, then mixes; splitmix64(s) is the first output from state s.
  constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15u;
  CHECK(data::splitmix64(1234567) == 6457827717110365317u);
  CHECK(data::splitmix64(1234567 + kGamma) == 3203168211198807973u);
  CHECK(data::splitmix64(1234567 + 2 * kGamma) == 9817491932198370423u);
}
