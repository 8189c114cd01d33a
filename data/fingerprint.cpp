#include "data/fingerprint.h"

#include <algorithm>
#include <vector>

#include "engine/io/sha256.h"

namespace data {

std::string fingerprint(const Source& source) {
  engine::Sha256 hash;
  const std::int64_t size = source.size(), image = source.image_shape().elements();
  std::vector<std::int64_t> sizes{size};
  for (int i = 0; i < source.image_shape().rank(); ++i) sizes.push_back(source.image_shape()[i]);
  hash.update(std::as_bytes(std::span(sizes)));  // different shapes give different hashes even for equal bytes
  constexpr std::int64_t kBytesAtOnce = 1 << 20;
  const std::int64_t at_once = std::max<std::int64_t>(kBytesAtOnce / std::max<std::int64_t>(image, 1), 1);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(at_once * image));
  std::vector<std::int32_t> labels;
  for (std::int64_t begin = 0; begin < size; begin += at_once) {
    const std::int64_t count = std::min(at_once, size - begin);
    labels.clear();
    for (std::int64_t i = 0; i < count; ++i) {
      source.image(begin + i, pixels.data() + i * image);
      labels.push_back(source.label(begin + i));
    }
    hash.update(std::as_bytes(std::span(pixels.data(), static_cast<std::size_t>(count * image))));
    hash.update(std::as_bytes(std::span(labels)));
  }
  return hash.hexadecimal();
}

}  // namespace data
