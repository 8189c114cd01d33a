#include "data/image/exif.h"

#include <utility>

#include "data/image/byte_order.h"

namespace data {
namespace {

/// TIFF's numbers, of either byte order. Everything outside the data is zero.
class Tiff {
 public:
  explicit Tiff(std::span<const std::byte> bytes) : bytes_(bytes), little_(byte(0) == 'I') {}

  bool is_one() const { return byte(0) == byte(1) && (byte(0) == 'I' || byte(0) == 'M') && word(2) == 42; }
  std::uint32_t word(std::size_t at) const {
    return little_ ? byte(at + 1) << 8 | byte(at) : byte(at) << 8 | byte(at + 1);
  }
  std::uint32_t long_word(std::size_t at) const {
    return little_ ? word(at + 2) << 16 | word(at) : word(at) << 16 | word(at + 2);
  }

 private:
  std::uint32_t byte(std::size_t at) const {
    return at < bytes_.size() ? std::to_integer<std::uint32_t>(bytes_[at]) : 0;
  }

  std::span<const std::byte> bytes_;
  bool little_;
};

template <int kChannels>
void copy_pixels(const std::uint8_t* from, const Extent& to, std::int64_t down, std::int64_t right, std::uint8_t* out) {
  for (std::int64_t y = 0; y < to.height; ++y) {
    const std::uint8_t* pixel = from + y * down;
    for (std::int64_t x = 0; x < to.width; ++x, pixel += right) {
      for (int c = 0; c < kChannels; ++c) *out++ = pixel[c];
    }
  }
}

}  // namespace

Orientation read_orientation(std::span<const std::byte> tiff) {
  constexpr std::uint32_t kTag = 0x0112, kShort = 3, kLong = 4;
  constexpr std::size_t kEntryBytes = 12;
  const Tiff file(tiff);
  if (!file.is_one()) return 1;
  const std::size_t directory = file.long_word(4);
  const std::size_t entries = file.word(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (file.word(entry) != kTag) continue;
    const std::uint32_t type = file.word(entry + 2);
    const std::uint32_t value = type == kShort ? file.word(entry + 8) : type == kLong ? file.long_word(entry + 8) : 1;
    return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : 1;
  }
  return 1;
}

Extent oriented(const Extent& stored, Orientation orientation) {
  return orientation >= 5 ? Extent{.height = stored.width, .width = stored.height} : stored;
}

void orient(const std::uint8_t* from, const Extent& stored, int channels, Orientation orientation, std::uint8_t* to) {
  // What the first row and the first column of the stored image are when shown: EXIF 2.3, section 4.6.4.
  const bool bottom_up = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool right_to_left = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const Extent shown = oriented(stored, orientation);
  const std::int64_t row = stored.width * channels;
  std::int64_t down = row, right = channels;
  if (orientation >= 5) std::swap(down, right);
  if (bottom_up) {
    from += (shown.height - 1) * down;
    down = -down;
  }
  if (right_to_left) {
    from += (shown.width - 1) * right;
    right = -right;
  }
  channels == 3 ? copy_pixels<3>(from, shown, down, right, to) : copy_pixels<1>(from, shown, down, right, to);
}

}  // namespace data
