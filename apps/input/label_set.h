#pragma once
#include <string>
#include <string_view>

#include "data/source.h"

namespace apps {

/// The label set of this name. Throws UsageError, with the key that names it, if the source does not have it.
data::LabelSet label_set(const data::Source& source, const std::string& name, std::string_view key);

}  // namespace apps
