#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/files/file_list.h"

namespace data {

/// What tells whether files or directories were added to a directory, renamed or removed since it was read.
struct DirectoryState {
  std::uint64_t inode = 0;
  std::int64_t changed_ns = 0;  ///< time of the last change, since 1970
  bool operator==(const DirectoryState&) const = default;
};

/// Throws engine::DataError.
DirectoryState state_of(const std::filesystem::path& directory);

struct WalkedDirectory {
  std::string name;  ///< relative to the root, which is ""
  DirectoryState state;
};

struct DirectoryWalk {
  FileList files;                            ///< sorted
  std::vector<WalkedDirectory> directories;  ///< sorted by name, with the state before they were read
};

/// Lists what is below a directory (see list_files), several directories at once, because a file server answers slowly.
DirectoryWalk walk_directory(const std::filesystem::path& root);

}  // namespace data
