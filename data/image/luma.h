#pragma once
#include <cstdint>

namespace data {

/// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded, of bytes.
inline std::uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return static_cast<std::uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

}  // namespace data
