#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace data {

/// Whether a file is compressed in a way that `unpack` knows, by its first bytes.
bool is_packed(std::span<const std::byte> file);

/// The contents of a file that gzip or zstd compressed; none if they are more than `most_bytes`, because a small file
/// may unpack to more than all memory. Throws engine::DataError with the reason alone.
std::optional<std::vector<std::uint8_t>> unpack(std::span<const std::byte> file, std::uint64_t most_bytes);

}  // namespace data
