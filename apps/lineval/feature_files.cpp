#include "apps/lineval/feature_files.h"

#include <span>
#include <vector>

#include "engine/io/files.h"
#include "engine/io/npy.h"

namespace apps {

void write_features(const std::filesystem::path& directory, const std::string& name, const engine::Tensor& features) {
  engine::create_directories(directory);
  const std::vector<float> values = features.to_host<float>();
  const engine::Shape& shape = features.shape();
  engine::save_npy(
      directory / (name + ".npy"),
      {.type = engine::StoredType::f32, .shape = {shape[0], shape[1]}, .bytes = std::as_bytes(std::span(values))});
}

void write_labels(const std::filesystem::path& directory, const std::string& name, const engine::Tensor& labels) {
  engine::create_directories(directory);
  const std::vector<std::int32_t> values = labels.to_host<std::int32_t>();
  engine::save_npy(
      directory / (name + ".npy"),
      {.type = engine::StoredType::i32, .shape = {labels.elements()}, .bytes = std::as_bytes(std::span(values))});
}

}  // namespace apps
