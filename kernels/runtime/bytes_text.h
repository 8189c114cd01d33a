#pragma once
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>

#include "kernels/runtime/error.h"

namespace engine {

/// "3.2 GiB"
inline std::string bytes_text(std::size_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  return concat(std::round(value * 10) / 10, " ", kUnits[unit]);
}

}  // namespace engine
