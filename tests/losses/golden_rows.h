#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

namespace tests {

inline constexpr std::int64_t kGoldenPairs = 4, kGoldenWidth = 3;

/// The inputs of the golden values of losses, which an independent implementation computed in double: z [2n,d] with n =
/// 4 and d = 3, the rows of view 1 above those of view 2.
inline std::vector<float> golden_rows() {
  std::vector<float> z;
  for (int i = 0; i < kGoldenPairs * kGoldenWidth; ++i) z.push_back(static_cast<float>(std::sin(1 + 0.7 * i)));
  for (int i = 0; i < kGoldenPairs * kGoldenWidth; ++i) z.push_back(static_cast<float>(std::cos(0.3 + 0.5 * i)));
  return z;
}

}  // namespace tests
