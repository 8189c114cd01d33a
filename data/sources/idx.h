#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace data {

/// The contents of an idx file of unsigned bytes (LeCun, Cortes & Burges, "The MNIST database"): a big-endian header
/// 0x000008dd, where dd is the number of dimensions, then each dimension in 32 bits, then the bytes in row-major order.
struct IdxArray {
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> values;
};

/// Parses the bytes of an idx file with `rank` dimensions (1 to 3), plain or gzip-compressed (detected by content, not
/// by name). Throws engine::DataError with the path when they are damaged, too few or too many.
IdxArray parse_idx(std::span<const std::byte> bytes, const std::filesystem::path& path, int rank);

/// The same for a file, which must exist.
IdxArray read_idx(const std::filesystem::path& path, int rank);

}  // namespace data
