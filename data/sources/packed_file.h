#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "data/source.h"
#include "engine/io/descriptor.h"
#include "engine/io/mapped_file.h"

namespace data {

// A packed file holds the decoded images of both splits of a data set, to be mapped into memory. All numbers are
// little-endian.
//
//   PackedHeader      64 bytes
//   images            uint8 [height,width,channels] each, at multiples of 64 bytes, zeros between them
//   catalogue         at header.catalogue_offset, to the end of the file:
//     uint64          n, a multiple of 8
//     JSON            n bytes, spaces at the end: {"source", "short_side", "written_by", "splits": [train, test]}, each
//                     split {"source", "images", "channels", "extent": [height, width] or null,
//                     "labels": [{"name", "classes", "per_example"}], "fingerprint"}
//     of each split   PackedImage [images]
//                     int32 [images, labels of one example], zeros up to a multiple of 8 bytes
//
// The checksums are XXH64. Those of header and catalogue are compared when a file is opened, that of an image whenever
// it is read. Several examples may share their bytes.

inline constexpr std::array<char, 8> kPackedMagic = {'A', 'N', 'T', 'I', 'P', 'A', 'C', 'K'};
inline constexpr std::uint32_t kPackedByteOrder = 0x01020304, kPackedVersion = 1;
inline constexpr std::uint64_t kPackedAlignment = 64;

struct PackedHeader {
  std::array<char, 8> magic = kPackedMagic;
  std::uint32_t byte_order = kPackedByteOrder, version = kPackedVersion;
  std::uint64_t file_bytes = 0;
  std::uint64_t catalogue_offset = 0, catalogue_bytes = 0, catalogue_checksum = 0;
  std::uint64_t reserved = 0;
  std::uint64_t checksum = 0;  ///< of the fields above
};
static_assert(sizeof(PackedHeader) == 64);

struct PackedImage {
  std::uint64_t offset = 0;  ///< from the beginning of the file
  std::uint32_t height = 0, width = 0;
  std::uint64_t checksum = 0;
  Extent extent() const { return {.height = height, .width = width}; }
};
static_assert(sizeof(PackedImage) == 24);

/// What the catalogue says of a split.
struct PackedSplit {
  std::span<const PackedImage> images;
  std::span<const std::int32_t> labels;
  InputLayout layout;
  std::string source;       ///< what was packed, as it described itself
  std::string fingerprint;  ///< SHA-256 of images and labels: see PackedWriter
};

using PackedSplits = std::array<PackedSplit, 2>;

/// Checks all of a file's bytes but its images, and returns what it holds. Throws engine::DataError with what is wrong
/// at which offset, and what to do. `file` must be aligned like a PackedImage.
PackedSplits parse_packed(std::span<const std::byte> file);

/// A packed file that is mapped into memory, which all processes share.
class PackedFile {
 public:
  /// Throws engine::DataError with the path.
  explicit PackedFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const PackedSplit& split(Split split) const { return splits_[static_cast<std::size_t>(split)]; }
  /// Copies an image and its labels. Throws engine::DataError if its bytes have changed since they were packed, or if
  /// the file was cut since it was opened.
  void read(Split split, std::int64_t i, Example& example) const;
  std::span<const std::int32_t> labels(Split split, std::int64_t i) const;

 private:
  /// A page that a mapped file no longer has would end the process with SIGBUS.
  void check_whole() const;

  engine::Descriptor file_;
  engine::MappedFile mapped_;
  PackedSplits splits_;
};

}  // namespace data
