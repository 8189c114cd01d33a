#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace data {

/// The contents of an idx file of unsigned bytes (LeCun, Cortes & Burges, "The MNIST database"): a big-endian header
/// 0x000008dd, where dd is the number of dimensions, then each dimension in 32 bits, then the bytes in row-major order.
struct IdxArray {
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> values;
};

/// Reads an idx file with `rank` dimensions (1 to 3), plain or gzip-compressed (told apart by content, not by name).
/// Throws engine::DataError, naming the path, when the file is missing, damaged, truncated or too long.
IdxArray read_idx(const std::filesystem::path& path, int rank);

}  // namespace data
