#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "data/source.h"
#include "data/sources/packed_file.h"

namespace data {

/// A split of a packed file. An image is copied out of the mapped file and its checksum compared; nothing is decoded.
class Packed final : public Source {
 public:
  /// Throws engine::DataError if the file is none or damaged.
  Packed(const std::filesystem::path& path, Split split);

  std::int64_t size() const override { return static_cast<std::int64_t>(contents_.images.size()); }
  /// As packed; with an extent if all images are of one size.
  const InputLayout& layout() const override { return contents_.layout; }
  void read(const Visit& visit, const DecodeHint&, Example& example) const override {
    file_.read(split_, visit.example, example);
  }
  std::optional<std::int32_t> label(std::int64_t example) const override;
  /// Of the images and labels, as they were packed: the same for every file of them.
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  PackedFile file_;
  Split split_;
  const PackedSplit& contents_;
};

}  // namespace data
