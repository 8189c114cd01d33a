#pragma once
#include <span>
#include <string>
#include <string_view>

#include "apps/run/config_layers.h"

namespace apps {

/// A recipe of the recipes/ folder, built into the program so that it needs no file.
struct Recipe {
  std::string_view name, toml;
};
std::span<const Recipe> recipes();
/// "demo, randbits-mnist, ..."
std::string recipe_names();

/// Reads the value of --recipe: a built-in recipe's name or a path that ends in .toml. Throws UsageError for anything
/// else.
Layer read_recipe(const std::string& name_or_path);

}  // namespace apps
