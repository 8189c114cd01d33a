#pragma once
#include <cstdint>

namespace apps {

// Limits that several programs and files share; for the limit of threads see engine::Context.

/// The step counter on the device has 32 bits.
inline constexpr std::int64_t kMostSteps = 1'000'000'000;
inline constexpr std::int64_t kMostEpochs = 1'000'000;
inline constexpr std::int64_t kLargestBatch = 1 << 24;  ///< in images
inline constexpr std::int64_t kMostDimensions = 65536;  ///< of a projection, and so of a loss
inline constexpr std::int64_t kLargestQueue = 1 << 24;  ///< in keys

/// Kernels compute in float. Settings must be normal floats, neither rounded to 0 nor infinite; these bounds leave room
/// for one arithmetic operation.
inline constexpr double kSmallestFloat = 1e-37, kLargestFloat = 1e38;

}  // namespace apps
