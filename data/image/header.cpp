#include "data/image/header.h"

#include <algorithm>
#include <string_view>

#include "data/image/byte_order.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;
using Bytes = std::span<const std::byte>;

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegSignature = "\xff\xd8";
constexpr std::string_view kExifSignature{"Exif\0\0", 6};

bool starts_with(Bytes bytes, std::string_view signature) {
  return bytes.size() >= signature.size() &&
         std::equal(signature.begin(), signature.end(), reinterpret_cast<const char*>(bytes.data()));
}

Extent extent_of(std::uint32_t height, std::uint32_t width, std::string_view format) {
  if (height == 0 || width == 0) throw DataError(concat(format, ": the header says ", width, " x ", height, " pixels"));
  return {.height = height, .width = width};
}

[[noreturn]] void fail_at_end(std::string_view format, Bytes file) {
  throw DataError(concat(format, ": the file ends at byte ", file.size(), ", inside its header"));
}

/// A start of frame (SOF), which holds the size, for any way of coding: 0xC0 to 0xCF but tables and extensions.
bool is_frame(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}
bool stands_alone(std::uint32_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

ImageHeader read_jpeg(Bytes file) {
  constexpr std::uint32_t kScan = 0xDA, kEnd = 0xD9, kExif = 0xE1;
  ImageHeader header;
  header.format = ImageFormat::jpeg;
  bool has_exif = false;
  std::size_t at = kJpegSignature.size();
  const auto byte_at = [&](std::size_t i) {
    if (i >= file.size()) fail_at_end("JPEG", file);
    return std::to_integer<std::uint32_t>(file[i]);
  };
  while (true) {
    // Any bytes may precede a marker, as for libjpeg.
    while (byte_at(at) != 0xFF) ++at;
    while (byte_at(at) == 0xFF) ++at;
    const std::uint32_t marker = byte_at(at++);
    if (marker == 0 || stands_alone(marker)) continue;
    if (marker == kScan || marker == kEnd) break;
    if (file.size() - at < 2) fail_at_end("JPEG", file);
    const std::size_t length = big_endian_16(file.subspan(at));
    if (length < 2) throw DataError(concat("JPEG: the segment at byte ", at - 2, " has the length ", length));
    if (length > file.size() - at) fail_at_end("JPEG", file);
    const Bytes segment = file.subspan(at + 2, length - 2);
    if (is_frame(marker) && segment.size() >= 5) {
      header.stored = extent_of(big_endian_16(segment.subspan(1)), big_endian_16(segment.subspan(3)), "JPEG");
    } else if (marker == kExif && !has_exif && starts_with(segment, kExifSignature)) {
      header.orientation = read_orientation(segment.subspan(kExifSignature.size()));
      has_exif = true;
    }
    at += length;
  }
  if (header.stored.pixels() == 0) throw DataError(concat("JPEG: no size before byte ", at - 2));
  return header;
}

ImageHeader read_png(Bytes file) {
  constexpr std::size_t kChunkBytes = 12;  // length, type and CRC
  constexpr std::size_t kHeaderBytes = 13;
  std::size_t at = kPngSignature.size();
  if (file.size() - at < kChunkBytes + kHeaderBytes) fail_at_end("PNG", file);
  if (!starts_with(file.subspan(at + 4), "IHDR"))
    throw DataError(concat("PNG: expected the header (IHDR) at byte ", at + 4));
  ImageHeader header;
  header.format = ImageFormat::png;
  header.stored = extent_of(big_endian_32(file.subspan(at + 12)), big_endian_32(file.subspan(at + 8)), "PNG");
  // The tags are looked for from chunk to chunk. Where that fails, reading the pixels will too, and says so.
  while (file.size() - at >= kChunkBytes) {
    const std::size_t length = big_endian_32(file.subspan(at));
    if (length > file.size() - at - kChunkBytes) break;
    if (starts_with(file.subspan(at + 4), "eXIf")) {
      header.orientation = read_orientation(file.subspan(at + 8, length));
      break;
    }
    at += kChunkBytes + length;
  }
  return header;
}

}  // namespace

ImageHeader read_image_header(Bytes file) {
  if (starts_with(file, kJpegSignature)) return read_jpeg(file);
  if (starts_with(file, kPngSignature)) return read_png(file);
  if (file.empty()) throw DataError("the file is empty, expected JPEG or PNG");
  throw DataError("neither JPEG nor PNG: the file starts with other bytes");
}

}  // namespace data
