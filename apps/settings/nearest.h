#pragma once
#include <span>
#include <string_view>

namespace apps {

/// The candidate that takes the fewest edits to reach from `word` (insert, remove, replace, swap neighbours: the
/// "optimal string alignment" distance); the first of equals. `candidates` must not be empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace apps
