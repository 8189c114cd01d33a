#include "data/sources/packed.h"

#include <span>

#include "kernels/runtime/error.h"

namespace data {

Packed::Packed(const std::filesystem::path& path, Split split)
    : file_(path), split_(split), contents_(file_.split(split)) {}

std::optional<std::int32_t> Packed::label(std::int64_t example) const {
  const std::vector<LabelSet>& sets = layout().labels;
  if (sets.empty() || sets.front().per_example != 1) return std::nullopt;
  return file_.labels(split_, example).front();
}

void Packed::fingerprint(engine::Sha256& hash) const { hash.update(std::as_bytes(std::span(contents_.fingerprint))); }

std::string Packed::describe() const {
  const std::vector<LabelSet>& sets = layout().labels;
  return engine::concat("packed:", file_.path().string(), " (", split_ == Split::train ? "train" : "test", ", ", size(),
                        " images ",
                        sets.empty() ? "without labels" : engine::concat("of ", sets.front().classes, " classes"), ")");
}

}  // namespace data
