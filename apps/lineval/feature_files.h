#pragma once
#include <filesystem>
#include <string>

#include "apps/evaluation/features.h"

namespace apps {

/// Writes the features of a split as SPLIT_features.npy, f32 [N,F], and its labels as SPLIT_labels.npy, i32 [N], into
/// the directory, which is created if need be. Files of these names are replaced.
void write_features(const std::filesystem::path& directory, const std::string& split, const Features& features);

}  // namespace apps
