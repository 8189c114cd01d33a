#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/fields.h"

namespace apps {

/// One value that somebody gave, and where: "--lr", "--set optim.lr" or "my.toml:12: optim.lr".
struct Assignment {
  const ConfigField* field;
  std::string text;
  std::string where;
};
using Layer = std::vector<Assignment>;

/// What was said explicitly; a later layer wins: recipe, then --set, then flags.
struct Layers {
  Layer recipe, set, flags;
};

/// Reads a TOML text; `source` names it in errors ("my.toml"). Throws UsageError with the line for anything that is not
/// TOML, an unknown key (naming the nearest) and a value of another type. Values are checked when they are applied.
Layer read_toml(std::string_view text, std::string_view source);
/// Reads the "key=value" of --set.
Assignment read_set(std::string_view text);

/// Sets every value of the layer. A layer that says only how many epochs (or only how many steps) to train replaces
/// what lower layers said about the other, and about counting steps from epochs.
void apply_layer(Config& config, const Layer& layer);
/// `base` with all layers applied, checked. Throws UsageError, too, for a length of 0 that no layer above replaces.
Config with_layers(Config base, const Layers& layers);

/// The configuration as TOML: loadable with --recipe, and reads back to an equal one.
std::string to_toml(const Config& config);
/// The inverse of `to_toml`, for a run directory's config.toml.
Config read_config(const std::filesystem::path& path);

/// Throws UsageError unless `after` differs from `before` (the resumed run's) only where resuming allows it. The
/// message lists every refused field, old -> new, and what may change.
void check_resume(const Config& before, const Config& after);

}  // namespace apps
