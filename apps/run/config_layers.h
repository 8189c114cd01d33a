#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/fields.h"

namespace apps {

/// One given value, and its place: "--lr", "--set optim.lr" or "my.toml:12: optim.lr".
struct Assignment {
  const ConfigField* field;
  std::string text;
  std::string where;
};
using Layer = std::vector<Assignment>;

/// All given values by layer. A later layer wins: recipe, then --set, then flags.
struct Layers {
  Layer recipe, set, flags;
};

/// Reads a TOML text; `source` is its name in errors ("my.toml"). Throws UsageError with the line number for invalid
/// TOML, an unknown key (the message names the nearest) and a value of the wrong type. Values are checked when they are
/// applied.
Layer read_toml(std::string_view text, std::string_view source);
/// Reads the "key=value" of --set.
Assignment read_set(std::string_view text);

/// Sets every value of the layer. A layer that gives only epochs (or only steps) removes what earlier layers said about
/// the other.
void apply_layer(Config& config, const Layer& layer);
/// `base` with all layers applied and checked. What a recipe says about a loss or an optimizer is dropped if the
/// command line chooses another one. Also throws UsageError for a length of 0 that no later layer replaces.
Config with_layers(Config base, const Layers& layers);

/// The configuration as TOML: --recipe can load it and gives an equal configuration.
std::string to_toml(const Config& config);
/// The inverse of `to_toml`, for config.toml of a run directory.
Config read_config(const std::filesystem::path& path);

/// Throws UsageError unless `after` differs from `before` (the resumed run's) only where resuming allows it. The
/// message lists every refused field, old -> new, and the fields that may change.
void check_resume(const Config& before, const Config& after);

}  // namespace apps
