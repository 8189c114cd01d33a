#include "apps/train/parameter_files.h"

#include <bit>
#include <cstring>
#include <sstream>

#include "apps/objectives/groups.h"
#include "engine/io/safetensors.h"
#include "engine/io/sha256.h"

namespace apps {
namespace {

using engine::Dtype;
using engine::Shape;
using engine::StoredTensor;
using engine::StoredType;
using engine::Tensor;

struct Stored {
  StoredType type = StoredType::f32;
  std::vector<std::int64_t> shape;
};

/// The layout of a tensor on disk: channels before rows and columns.
Stored on_disk(const Shape& shape, Dtype dtype) {
  Stored stored{.type = engine::stored_type(dtype), .shape = {}};
  if (shape.rank() == 4) {
    stored.shape = {shape[0], shape[3], shape[1], shape[2]};
  } else {
    for (int i = 0; i < shape.rank(); ++i) stored.shape.push_back(shape[i]);
  }
  return stored;
}

/// Calls move(memory index, disk index) for every element of a tensor.
template <class Move>
void for_each_element(const Shape& shape, Move&& move) {
  if (shape.rank() != 4) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) move(i, i);
    return;
  }
  const std::int64_t k = shape[0], pixels = shape[1] * shape[2], c = shape[3];
  for (std::int64_t i = 0; i < k; ++i)
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
      for (std::int64_t j = 0; j < c; ++j) move((i * pixels + pixel) * c + j, (i * c + j) * pixels + pixel);
}

std::vector<std::byte> to_disk(const Tensor& tensor) {
  const auto reorder = [&]<class T>(const std::vector<T>& from) {
    std::vector<T> to(from.size());
    for_each_element(tensor.shape(), [&](std::int64_t memory, std::int64_t disk) {
      to[static_cast<std::size_t>(disk)] = from[static_cast<std::size_t>(memory)];
    });
    std::vector<std::byte> bytes(to.size() * sizeof(T));
    std::memcpy(bytes.data(), to.data(), bytes.size());
    return bytes;
  };
  return tensor.dtype() == Dtype::i64 ? reorder(tensor.to_host<std::int64_t>()) : reorder(tensor.to_host<float>());
}

void from_disk(const StoredTensor& stored, const Tensor& tensor) {
  const auto reorder = [&]<class T>(T*) {
    std::vector<T> from(static_cast<std::size_t>(tensor.elements())), to(from.size());
    std::memcpy(from.data(), stored.bytes.data(), stored.bytes.size());
    for_each_element(tensor.shape(), [&](std::int64_t memory, std::int64_t disk) {
      to[static_cast<std::size_t>(memory)] = from[static_cast<std::size_t>(disk)];
    });
    tensor.upload<T>(to);
  };
  tensor.dtype() == Dtype::i64 ? reorder(static_cast<std::int64_t*>(nullptr)) : reorder(static_cast<float*>(nullptr));
}

struct Named {
  std::string name, group;
  Tensor tensor;
};

std::vector<Named> tensors_of(const engine::ParameterSet& parameters) {
  std::vector<Named> result;
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    result.push_back({parameters.parameters()[i].name, parameters.parameters()[i].group, parameters.value(i)});
  }
  for (std::size_t i = 0; i < parameters.states().size(); ++i) {
    result.push_back({parameters.states()[i].name, parameters.states()[i].group, parameters.state(i)});
  }
  return result;
}

void save(const std::filesystem::path& path, const std::vector<Named>& tensors,
          std::map<std::string, std::string> metadata) {
  std::vector<std::vector<std::byte>> bytes;
  std::vector<StoredTensor> stored;
  for (const Named& named : tensors) bytes.push_back(to_disk(named.tensor));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto [type, shape] = on_disk(tensors[i].tensor.shape(), tensors[i].tensor.dtype());
    stored.push_back({.name = tensors[i].name, .type = type, .shape = shape, .bytes = bytes[i]});
  }
  metadata["format"] = "pt";
  engine::save_safetensors(path, stored, metadata);
}

std::string text(const Stored& stored) {
  std::ostringstream out;
  out << engine::name(stored.type) << " [";
  for (std::size_t i = 0; i < stored.shape.size(); ++i) out << (i ? "," : "") << stored.shape[i];
  out << ']';
  return out.str();
}

void load(const std::filesystem::path& path, const std::vector<Named>& tensors) {
  const engine::SafetensorsFile file(path);
  for (const Named& named : tensors) {  // check all tensors before any is changed
    const StoredTensor& stored = file.at(named.name);
    const Stored wanted = on_disk(named.tensor.shape(), named.tensor.dtype());
    if (stored.type != wanted.type || stored.shape != wanted.shape) {
      throw engine::DataError(engine::concat(path.string(), ": ", named.name, " must be ", text(wanted),
                                             " for this network, got ", text({stored.type, stored.shape})));
    }
  }
  for (const Named& named : tensors) from_disk(file.at(named.name), named.tensor);
}

std::vector<Named> tensors_of(const engine::ParameterSet& parameters, const std::vector<std::string>& groups) {
  std::vector<Named> result;
  for (const std::string& group : groups) {
    for (Named& named : tensors_of(parameters)) {
      if (named.group == group) result.push_back(std::move(named));
    }
  }
  return result;
}

std::vector<Named> tensors_of(const engine::Optimizer& optimizer) {
  std::vector<Named> result;
  for (const auto& [name, tensor] : optimizer.state()) result.push_back({name, {}, tensor});
  return result;
}

std::vector<Named> tensors_of(const std::vector<const engine::ParameterSet*>& model) {
  std::vector<Named> result;
  for (const engine::ParameterSet* set : model) {
    for (Named& named : tensors_of(*set)) result.push_back(std::move(named));
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
  load(path, tensors_of(parameters, groups));
  parameters.refresh_shadow();
}

std::string encoder_sha256(const engine::ParameterSet& parameters) {
  std::vector<std::byte> all;
  for (const Named& named : tensors_of(parameters, {kEncoder})) {
    const std::vector<std::byte> bytes = to_disk(named.tensor);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return engine::sha256(all);
}

void export_groups(const std::filesystem::path& path, const engine::ParameterSet& parameters,
                   const std::vector<std::string>& groups, const std::map<std::string, std::string>& metadata) {
  std::vector<Named> tensors = tensors_of(parameters, groups);
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
