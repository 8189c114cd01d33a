#pragma once
#include <memory>
#include <string>
#include <vector>

#include "data/files/archive.h"
#include "data/files/file_set.h"

namespace data {

/// The files of one or several tar archives, sorted by name. Names that begin with a dot, or lie in such a directory,
/// are left out (macOS packs a "._1.jpg" beside each 1.jpg).
class ArchiveSet final : public FileSet {
 public:
  /// The archives of a pattern (see expand_shards). Throws engine::DataError for a name that is twice in an archive,
  /// and for more than kMostUnpackedBytes in all.
  explicit ArchiveSet(const std::string& pattern);

  /// The file of this name in one archive.
  std::optional<std::int64_t> find(std::string_view name, std::uint32_t part) const;

  std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
  std::string_view name(std::int64_t i) const override;
  std::uint64_t bytes(std::int64_t i) const override;
  std::uint32_t part(std::int64_t i) const override { return files_[static_cast<std::size_t>(i)].archive; }
  std::span<const std::byte> read(std::int64_t i, std::vector<std::byte>& buffer) const override;
  std::string locate(std::int64_t i) const override;

 private:
  struct File {
    std::uint32_t archive, index;
  };
  const Archive& archive_of(std::int64_t i) const { return *archives_[files_[static_cast<std::size_t>(i)].archive]; }
  std::string_view full_name(const File& file) const { return archives_[file.archive]->files().name(file.index); }

  std::vector<std::shared_ptr<const Archive>> archives_;
  std::vector<File> files_;
};

}  // namespace data
