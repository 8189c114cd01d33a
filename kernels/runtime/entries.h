#pragma once
#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace engine {

/// The sum of the named entries of a file with lines like "inactive_file 4096" or "SwapFree:  12 kB", in the file's own
/// units; 0 for a missing file.
double sum_of_entries(const std::filesystem::path& path, std::initializer_list<std::string_view> names);

}  // namespace engine
