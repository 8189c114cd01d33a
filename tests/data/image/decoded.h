#pragma once
#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>

#include "data/image/decode.h"

inline std::span<const std::byte> bytes_of(const std::string& file) { return std::as_bytes(std::span(file)); }

/// The file's image, by a decoder of its own.
inline data::Example decoded(const std::string& file, int channels = 3, const data::DecodeHint& hint = {},
                             const data::ImageLimits& limits = {}) {
  data::Example example;
  data::ImageDecoder(limits).decode(bytes_of(file), hint, channels, example);
  return example;
}

/// The largest difference of two images of one size.
inline int distance(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  int largest = a.size() == b.size() ? 0 : 256;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}
