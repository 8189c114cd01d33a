#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/optim/optimizer.h"
#include "engine/parameters.h"

namespace apps {

// Files of tensors. On disk convolutions are OIHW and linear layers [out,in], under torchvision's names;
// `num_batches_tracked` is i64. The conversion is exact both ways.

/// All parameters and states of the set, named with their group in front ("encoder.conv1.weight").
void save_model(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                const std::map<std::string, std::string>& metadata);
/// Throws engine::DataError for a file whose names or shapes are not the set's, before anything is changed.
void load_model(const std::filesystem::path& path, const engine::ParameterSet& parameters);
/// These groups of such a file; the rest of the file does not matter.
void load_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                 const std::vector<std::string>& groups);

/// SHA-256 of the encoder's parameters and states: equal exactly when the encoder computes the same.
std::string encoder_sha256(const engine::ParameterSet& parameters);

/// Groups for other programs, under exported_name.
void export_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                   const std::vector<std::string>& groups, const std::map<std::string, std::string>& metadata);

/// The name of a tensor of either that holds a number which is infinite or NaN; nothing when all are finite.
std::optional<std::string> nonfinite_tensor(const engine::ParameterSet& parameters, const engine::Optimizer& optimizer);

/// The optimizer's state under its own names, flat.
void save_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer);
/// Throws engine::DataError for the file of another optimizer or network, before anything is changed.
void load_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer);

}  // namespace apps
