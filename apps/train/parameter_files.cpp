#include "apps/train/parameter_files.h"

#include <bit>

#include "apps/objectives/groups.h"
#include "apps/train/stored_layout.h"
#include "engine/io/sha256.h"

namespace apps {
namespace {

using engine::Dtype;
using engine::StoredTensor;

void save(const std::filesystem::path& path, const std::vector<Named>& tensors,
          std::map<std::string, std::string> metadata) {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<StoredTensor> stored;
  for (const Named& named : tensors) bytes.push_back(to_disk(named.tensor));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto [type, shape] = stored_form(tensors[i].tensor);
    stored.push_back({.name = tensors[i].name, .type = type, .shape = shape, .bytes = bytes[i]});
  }
  metadata["format"] = "pt";
  engine::save_safetensors(path, stored, metadata);
}

void load(const std::filesystem::path& path, const std::vector<Named>& tensors) {
  const engine::SafetensorsFile file(path);
  for (const Named& named : tensors) {  // check all tensors before any is changed
    const StoredTensor& stored = file.at(named.name);
    const StoredForm wanted = stored_form(named.tensor), got{stored.type, stored.shape};
    if (got != wanted) {
      throw engine::DataError(engine::concat(path.string(), ": ", named.name, " must be ", text(wanted),
                                             " for this network, got ", text(got)));
    }
  }
  for (const Named& named : tensors) from_disk(file.at(named.name), named.tensor);
}

std::vector<Named> tensors_of(const engine::Optimizer& optimizer) {
  std::vector<Named> result;
  for (const auto& [name, tensor] : optimizer.state()) result.push_back({name, {}, tensor});
  return result;
}

std::vector<Named> tensors_of(const std::vector<const engine::ParameterSet*>& model) {
  std::vector<Named> result;
  for (const engine::ParameterSet* set : model) {
    for (Named& named : named_tensors(*set)) result.push_back(std::move(named));
  }
  return result;
}

/// Tests the bits of the exponent: compilers vectorise this, and options for fast arithmetic do not affect it.
bool all_finite(const std::vector<float>& values) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  bool finite = true;
  for (const float value : values) finite &= (std::bit_cast<std::uint32_t>(value) & kExponent) != kExponent;
  return finite;
}

}  // namespace

void save_model(const std::filesystem::path& path, const std::vector<const engine::ParameterSet*>& model,
                const std::map<std::string, std::string>& metadata) {
  save(path, tensors_of(model), metadata);
}

void load_model(const std::filesystem::path& path, const std::vector<const engine::ParameterSet*>& model) {
  load(path, tensors_of(model));
  for (const engine::ParameterSet* set : model) set->refresh_shadow();
}

void load_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                 const std::vector<std::string>& groups) {
  load(path, named_tensors(parameters, groups));
  parameters.refresh_shadow();
}

std::string encoder_sha256(const engine::ParameterSet& parameters) {
  std::vector<std::byte> all;
  for (const Named& named : named_tensors(parameters, {kEncoder})) {
    const std::vector<std::byte> bytes = to_disk(named.tensor);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return engine::sha256(all);
}

void export_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                   const std::vector<std::string>& groups, const std::map<std::string, std::string>& metadata) {
  std::vector<Named> tensors = named_tensors(parameters, groups);
  for (Named& named : tensors) named.name = exported_name(named.group, named.name);
  save(path, tensors, metadata);
}

std::optional<std::string> nonfinite_tensor(const std::vector<const engine::ParameterSet*>& model,
                                            const engine::Optimizer& optimizer) {
  for (const auto& tensors : {tensors_of(model), tensors_of(optimizer)}) {
    for (const Named& named : tensors) {
      if (named.tensor.dtype() == Dtype::f32 && !all_finite(named.tensor.to_host<float>())) return named.name;
    }
  }
  return std::nullopt;
}

void save_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer) {
  save(path, tensors_of(optimizer), {});
}

void load_optimizer(const std::filesystem::path& path, const engine::Optimizer& optimizer) {
  load(path, tensors_of(optimizer));
}

}  // namespace apps
