#pragma once
#include <filesystem>

#include "data/files/file_list.h"
#include "data/files/file_set.h"

namespace data {

/// Listed files of a directory.
class DirectorySet final : public FileSet {
 public:
  DirectorySet(std::filesystem::path directory, FileList files)
      : directory_(std::move(directory)), files_(std::move(files)) {}

  std::int64_t size() const override { return files_.size(); }
  std::string_view name(std::int64_t i) const override { return files_.name(i); }
  std::uint64_t bytes(std::int64_t i) const override { return files_.bytes(i); }
  /// A file that grows or shrinks while it is read is refused.
  std::span<const std::byte> read(std::int64_t i, std::vector<std::byte>& buffer) const override;
  std::string locate(std::int64_t i) const override;

 private:
  std::filesystem::path directory_;
  FileList files_;
};

}  // namespace data
