#pragma once
#include <filesystem>
#include <optional>

#include "data/files/directory_walk.h"

namespace data {

/// The list of `root`, a canonical path, as it was kept in the directory `cache`: none if there is none, if it is
/// damaged, or if a directory has changed since.
std::optional<FileList> kept_list(const std::filesystem::path& cache, const std::filesystem::path& root);

/// Keeps a list for kept_list, unless a directory changed within the last seconds: a further change in the same tick of
/// the file system's clock would not show. Does nothing where `cache` cannot be written.
void keep_list(const std::filesystem::path& cache, const std::filesystem::path& root, const DirectoryWalk& walk);

}  // namespace data
