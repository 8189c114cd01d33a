#include "apps/lineval/feature_files.h"

#include <span>
#include <vector>

#include "engine/io/files.h"
#include "engine/io/npy.h"

namespace apps {

void write_features(const std::filesystem::path& directory, const std::string& split, const Features& features) {
  engine::create_directories(directory);
  const std::vector<float> values = features.values.to_host<float>();
  const std::vector<std::int32_t> labels = features.labels.to_host<std::int32_t>();
  const engine::Shape& shape = features.values.shape();
  engine::save_npy(
      directory / (split + "_features.npy"),
      {.type = engine::StoredType::f32, .shape = {shape[0], shape[1]}, .bytes = std::as_bytes(std::span(values))});
  engine::save_npy(directory / (split + "_labels.npy"),
                   {.type = engine::StoredType::i32, .shape = {shape[0]}, .bytes = std::as_bytes(std::span(labels))});
}

}  // namespace apps
