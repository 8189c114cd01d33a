#include "models/width.h"

#include <algorithm>
#include <cmath>

namespace models {

std::int64_t scaled_channels(std::int64_t channels, double width) {
  const double scaled = static_cast<double>(channels) * width;
  if (width == std::floor(width)) return static_cast<std::int64_t>(scaled);
  constexpr double kMultiple = 8;
  return static_cast<std::int64_t>(std::max(1.0, std::round(scaled / kMultiple)) * kMultiple);
}

}  // namespace models
