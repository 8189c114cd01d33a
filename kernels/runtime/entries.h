#pragma once
#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace engine {

/// The sum of some entries of a file of lines like "inactive_file 4096" or "SwapFree:  12 kB", as they stand there; 0
/// for a file that is not there.
double sum_of_entries(const std::filesystem::path& path, std::initializer_list<std::string_view> names);

}  // namespace engine
