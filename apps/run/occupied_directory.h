#pragma once
#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace apps {

/// Throws UsageError if `out` is a file, or a directory with one of these files, which show that it is another
/// program's: "--out DIR `holds` (it has SIGN)`, because`; choose another directory".
void refuse_occupied(const std::filesystem::path& out, std::initializer_list<std::string_view> signs,
                     std::string_view holds, std::string_view because = "");

}  // namespace apps
