#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/optim/optimizer.h"
#include "engine/parameters.h"

namespace apps {

// Files of tensors. On disk convolutions are OIHW and linear layers [out,in], with torchvision's names;
// `num_batches_tracked` is i64. The conversion is exact in both directions.

/// Saves all parameters and states of a model (`Model::state`); their names begin with their group:
/// "encoder.conv1.weight".
void save_model(const std::filesystem::path& path, const std::vector<const engine::ParameterSet*>& model,
                const std::map<std::string, std::string>& metadata);
/// Throws engine::DataError, before anything is changed, if names or shapes in the file differ from the model's.
void load_model(const std::filesystem::path& path, const std::vector<const engine::ParameterSet*>& model);
/// Loads only these groups of such a file and ignores the rest.
void load_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                 const std::vector<std::string>& groups);

/// SHA-256 of the encoder's parameters and states: equal if and only if the encoders compute the same.
std::string encoder_sha256(const engine::ParameterSet& parameters);

/// Saves groups for other programs, with the names of exported_name.
void export_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                   const std::vector<std::string>& groups, const std::map<std::string, std::string>& metadata);

/// The name of a tensor with an infinite or NaN element; nothing if all are finite.
std::optional<std::string> nonfinite_tensor(const std::vector<const engine::ParameterSet*>& model,
                                            const engine::Optimizer& optimizer);

/// Saves the optimizer's state as flat tensors with its own names.
void save_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer);
/// Throws engine::DataError, before anything is changed, if the file belongs to another optimizer or network.
void load_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer);

}  // namespace apps
