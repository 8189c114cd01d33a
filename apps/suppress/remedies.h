#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/run/config_layers.h"

namespace apps {

/// A way to keep a loss from living on a shortcut: settings for the planted arm.
struct Remedy {
  struct Change {
    std::string_view key;
    std::string_view value = {};  ///< what to set it to; empty: a factor
    double factor = 1;            ///< what to multiply the recipe's number by
  };
  std::string_view name;
  std::string_view help;
  std::vector<Change> changes;
};

std::span<const Remedy> remedies();
/// Throws UsageError for an unknown name; the message names the nearest.
const Remedy& find_remedy(const std::string& name);
/// What `suppress --list-remedies` prints.
std::string remedies_text();

/// The remedy as settings, for a run with this configuration.
std::vector<Assignment> settings_of(const Remedy& remedy, const Config& base);
/// "loss.ifm_epsilon = 0.1", for people.
std::vector<std::string> changes_of(const Remedy& remedy, const Config& base);

}  // namespace apps
