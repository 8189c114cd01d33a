#pragma once
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// The bytes of an idx file: magic, dimensions (big-endian), values.
inline std::string idx_bytes(std::uint32_t magic, const std::vector<std::uint32_t>& dims, const std::string& values) {
  std::string bytes;
  const auto append = [&](std::uint32_t word) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(word >> shift));
  };
  append(magic);
  for (const std::uint32_t dim : dims) append(dim);
  return bytes + values;
}

inline void write_plain(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline void write_gzip(const std::filesystem::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}
