#pragma once
#include <initializer_list>
#include <string_view>
#include <utility>

#include "apps/config/fields.h"

namespace tests {

using Keys = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Sets keys as a recipe does: {"optim.lr", "0.3"}.
inline void configure(apps::Config& config, Keys keys) {
  for (const auto& [key, value] : keys) apps::config_table().find(key)->set(config, value, key);
}

/// The default configuration with these keys changed.
inline apps::Config configured(Keys keys) {
  apps::Config config;
  configure(config, keys);
  return config;
}

}  // namespace tests
