#pragma once
#include <cstdint>

namespace apps {

// The most and the least of numbers that several programs and files have; of threads see engine::Context.

/// The step counter on the device is 32 bits wide.
inline constexpr std::int64_t kMostSteps = 1'000'000'000;
inline constexpr std::int64_t kMostEpochs = 1'000'000;
inline constexpr std::int64_t kLargestBatch = 1 << 24;  ///< in images
inline constexpr std::int64_t kMostDimensions = 65536;  ///< of a projection and of a loss

/// Kernels compute in float. What they are given must be a number there too, not one that becomes 0 or infinite: these
/// are held to full precision, with room for a step of arithmetic.
inline constexpr double kSmallestFloat = 1e-37, kLargestFloat = 1e38;

}  // namespace apps
