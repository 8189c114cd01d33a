#pragma once
#include <cstdint>
#include <string_view>

namespace apps {

/// The CRC of Castagnoli's polynomial 0x1EDC6F41, bits reflected (RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);
/// As a TFRecord has it: rotated and with an offset, since a CRC of bytes that contain their own CRC says little.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace apps
