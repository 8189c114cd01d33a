#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/parameters.h"

namespace apps {

// Tensors in files: convolutions are OIHW and linear layers [out,in], as in torchvision; `num_batches_tracked` is i64.

/// A parameter or state of a network, with its name in files.
struct Named {
  std::string name, group;
  engine::Tensor tensor;
};

/// All parameters, then all states.
std::vector<Named> named_tensors(const engine::ParameterSet& parameters);
/// Those of these groups, group by group.
std::vector<Named> named_tensors(const engine::ParameterSet& parameters, const std::vector<std::string>& groups);

/// Type and shape of a tensor in a file.
struct StoredForm {
  engine::StoredType type = engine::StoredType::f32;
  std::vector<std::int64_t> shape;
  bool operator==(const StoredForm&) const = default;
};
StoredForm stored_form(const engine::Tensor& tensor);
/// "F32 [64,3,7,7]"
std::string text(const StoredForm& form);
std::string text(const std::vector<std::int64_t>& shape);  ///< "[64,3,7,7]"

/// The elements in the order of files. The conversion is exact in both directions.
std::vector<std::byte> to_disk(const engine::Tensor& tensor);
/// `stored` has the tensor's form.
void from_disk(const engine::StoredTensor& stored, const engine::Tensor& tensor);
/// The same from f32 numbers in the order of files.
void from_disk(const std::vector<float>& values, const engine::Tensor& tensor);

}  // namespace apps
