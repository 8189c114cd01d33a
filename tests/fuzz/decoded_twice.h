#pragma once
#include <algorithm>
#include <optional>

#include "data/image/decode.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

/// Decodes a file with what the byte chooses, in small memory. Nothing if the file is refused.
inline std::optional<data::Extent> decode_once(data::ImageDecoder& decoder, std::span<const std::byte> file,
                                               std::uint8_t choice, data::Example& example) {
  const int channels = choice & 1 ? 1 : 3;
  const data::DecodeHint hint{.least_side = choice >> 1 & 7};
  try {
    decoder.decode(file, hint, channels, example);
  } catch (const engine::DataError&) { return std::nullopt; }
  must(static_cast<std::int64_t>(example.pixels.size()) == example.extent.pixels() * channels,
       "there are as many pixels as the extent says");
  const data::Extent whole = decoder.size_of(file);
  if (hint.least_side == 0) must(example.extent == whole, "the whole image has the size of the header");
  must(std::min(example.extent.height, example.extent.width) >=
           std::min(hint.least_side, std::min(whole.height, whole.width)),
       "a smaller image is large enough");
  return example.extent;
}

/// A file always decodes to the same, whatever was in the decoder and the memory before.
inline void decode_twice(std::span<const std::byte> file, std::uint8_t choice) {
  constexpr data::ImageLimits kLimits{.most_pixels = 1 << 14};
  static data::ImageDecoder used(kLimits);
  static data::Example first, second;
  data::ImageDecoder fresh(kLimits);
  const auto extent = decode_once(used, file, choice, first);
  second.pixels.assign(first.pixels.size(), 0xa5);
  must(extent == decode_once(fresh, file, choice, second), "a file decodes twice or never");
  if (extent) must(first.pixels == second.pixels, "a file decodes to the same pixels twice");
}
