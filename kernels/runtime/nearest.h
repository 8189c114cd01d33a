#pragma once
#include <span>
#include <string_view>

namespace engine {

/// The candidate with the fewest edits from `word` (insert, remove, replace, swap neighbours: the "optimal string
/// alignment" distance); on a tie, the first. `candidates` must not be empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace engine
