#pragma once
#include <filesystem>
#include <string>

#include "engine/tensor.h"

namespace apps {

/// Writes features [N,F] as NAME.npy, f32, into the directory, which is created if need be. A file of that name is
/// replaced.
void write_features(const std::filesystem::path& directory, const std::string& name, const engine::Tensor& features);
/// The same with labels [N], i32.
void write_labels(const std::filesystem::path& directory, const std::string& name, const engine::Tensor& labels);

}  // namespace apps
