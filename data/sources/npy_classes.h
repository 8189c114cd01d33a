#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace data {

/// The whole numbers [N] of an .npy file, of any width, each from 0 to `most` - 1. Throws engine::DataError for
/// anything else; its message begins with `who` ("npy") and calls a number `what` ("label").
std::vector<std::int32_t> read_npy_classes(const std::filesystem::path& path, std::string_view who,
                                           std::string_view what, std::int64_t most);

}  // namespace data
