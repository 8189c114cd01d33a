#pragma once
#include <string_view>

#include "apps/run/config_layers.h"
#include "apps/run/toml.h"

namespace apps {

/// The settings in a TOML table of sections, as read_toml reads a whole file. The text of `sections` was read through
/// `as_utf8`; `source` is its name in errors. Throws UsageError, in which original bytes are not restored yet.
Layer read_sections(const toml::table& sections, std::string_view source);

/// Refuses a text whose keys nest too deeply for the parser's stack, before it is parsed.
void refuse_deep_keys(std::string_view text, std::string_view source);

}  // namespace apps
