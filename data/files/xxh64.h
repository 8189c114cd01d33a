#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace data {

/// XXH64 with seed 0 (the xxHash specification, version 0.1.1): a checksum that finds accidents, not forgeries, about
/// as fast as memory is read.
std::uint64_t xxh64(std::span<const std::byte> bytes);

}  // namespace data
