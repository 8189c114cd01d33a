#include "apps/train/stored_layout.h"

#include <cstring>

namespace apps {
namespace {

using engine::Dtype;
using engine::Shape;
using engine::StoredTensor;
using engine::Tensor;

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

template <class T>
void upload_reordered(const std::vector<T>& from, const Tensor& tensor) {
  std::vector<T> to(from.size());
  for_each_element(tensor.shape(), [&](std::int64_t memory, std::int64_t disk) {
    to[static_cast<std::size_t>(memory)] = from[static_cast<std::size_t>(disk)];
  });
  tensor.upload<T>(to);
}

}  // namespace

std::vector<Named> named_tensors(const engine::ParameterSet& parameters) {
  std::vector<Named> result;
  for (std::size_t i = 0; i < parameters.parameters().size(); ++i) {
    result.push_back({parameters.parameters()[i].name, parameters.parameters()[i].group, parameters.value(i)});
  }
  for (std::size_t i = 0; i < parameters.states().size(); ++i) {
    result.push_back({parameters.states()[i].name, parameters.states()[i].group, parameters.state(i)});
  }
  return result;
}

std::vector<Named> named_tensors(const engine::ParameterSet& parameters, const std::vector<std::string>& groups) {
  std::vector<Named> result;
  for (const std::string& group : groups) {
    for (Named& named : named_tensors(parameters)) {
      if (named.group == group) result.push_back(std::move(named));
    }
  }
  return result;
}

StoredForm stored_form(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  StoredForm form{.type = engine::stored_type(tensor.dtype()), .shape = {}};
  if (shape.rank() == 4) {
    form.shape = {shape[0], shape[3], shape[1], shape[2]};
  } else {
    for (int i = 0; i < shape.rank(); ++i) form.shape.push_back(shape[i]);
  }
  return form;
}

std::string text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t dimension : shape) text.append(text.empty() ? "[" : ",").append(std::to_string(dimension));
  return text.empty() ? "[]" : text + "]";
}

std::string text(const StoredForm& form) { return engine::concat(engine::name(form.type), ' ', text(form.shape)); }

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
  const auto read = [&]<class T>(T*) {
    std::vector<T> values(static_cast<std::size_t>(tensor.elements()));
    std::memcpy(values.data(), stored.bytes.data(), stored.bytes.size());
    upload_reordered(values, tensor);
  };
  tensor.dtype() == Dtype::i64 ? read(static_cast<std::int64_t*>(nullptr)) : read(static_cast<float*>(nullptr));
}

void from_disk(const std::vector<float>& values, const Tensor& tensor) { upload_reordered(values, tensor); }

}  // namespace apps
