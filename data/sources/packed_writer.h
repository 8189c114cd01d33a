#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/source.h"
#include "data/sources/packed_file.h"
#include "engine/io/descriptor.h"
#include "engine/io/sha256.h"

namespace data {

/// Writes a packed file, image by image, in memory of a few megabytes and 24 bytes an image. Bytes go to `<path>.tmp`;
/// `commit` syncs and renames it. Before it, and after any failure, an earlier file at `path` is unchanged.
///
/// The fingerprint of a split is the SHA-256 of [channels], of [height, width], pixels and labels of every image in
/// turn, and of [number of images]; numbers are int64, labels int32.
class PackedWriter {
 public:
  /// What a file tells of its origin.
  struct Origin {
    std::string source;           ///< the expression that was packed
    std::int64_t short_side = 0;  ///< to which larger images were shrunk; 0: none were
    std::string written_by;       ///< program and version
  };
  /// Throws engine::Error if the file cannot be created, or if another process is writing it.
  PackedWriter(const std::filesystem::path& path, Origin origin);
  PackedWriter(const PackedWriter&) = delete;
  PackedWriter& operator=(const PackedWriter&) = delete;
  ~PackedWriter();  ///< without `commit`, removes the temporary

  /// The images that follow are those of this source: first the training split, then the test split.
  void begin(const Source& source);
  /// The next image. One of the test split that equals the training image of its number shares its bytes.
  void add(const Example& example);
  /// Both splits are complete. Returns the size of the file.
  std::uint64_t commit();

 private:
  struct Written {
    std::string source;
    InputLayout layout;
    std::vector<PackedImage> images;
    std::vector<std::int32_t> labels;
    std::unique_ptr<engine::Sha256> hash;
  };
  void lock();
  void append(std::span<const std::byte> bytes);
  void pad(std::uint64_t alignment);
  void flush();
  void append_catalogue();
  std::string description();

  std::filesystem::path path_;
  Origin origin_;
  engine::Descriptor temporary_;
  std::vector<std::byte> buffer_;
  std::uint64_t offset_ = 0;  // where the next byte goes
  std::vector<Written> splits_;
  bool committed_ = false;
};

}  // namespace data
