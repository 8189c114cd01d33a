#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace data {

/// The files that a pattern names, all of which exist: "train-{000..012}.tar" is 13 of them, in that order; "*", "?"
/// and
/// "[a-c]" match the names that there are, sorted by their bytes. A pattern that is the name of a file names that file.
/// Throws engine::DataError for a file that is missing, or when nothing matches.
std::vector<std::filesystem::path> expand_shards(const std::string& pattern);

}  // namespace data
