#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace data {

/// The number in the first bytes, which must exist.
inline std::uint32_t big_endian_16(std::span<const std::byte> bytes) {
  return std::to_integer<std::uint32_t>(bytes[0]) << 8 | std::to_integer<std::uint32_t>(bytes[1]);
}
inline std::uint32_t big_endian_32(std::span<const std::byte> bytes) {
  return big_endian_16(bytes) << 16 | big_endian_16(bytes.subspan(2));
}

}  // namespace data
