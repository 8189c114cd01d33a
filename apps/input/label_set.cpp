#include "apps/input/label_set.h"

#include "apps/settings/usage_error.h"
#include "kernels/runtime/error.h"

namespace apps {

data::LabelSet label_set(const data::Source& source, const std::string& name, std::string_view key) {
  const data::InputLayout& layout = source.layout();
  if (const auto index = layout.find(name)) return layout.labels[*index];
  std::string names;
  for (const data::LabelSet& set : layout.labels) names += (names.empty() ? "" : ", ") + set.name;
  throw UsageError(engine::concat(key, " must be a label set of ", source.describe(),
                                  names.empty() ? ", which has none" : " (" + names + ")", ", got '", name, "'"));
}

}  // namespace apps
