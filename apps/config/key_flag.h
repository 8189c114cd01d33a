#pragma once
#include <string_view>

#include "apps/config/fields.h"

namespace apps {

/// The texts of a flag in --help.
struct KeyFlagText {
  std::string_view flag, group, help, placeholder = {}, fallback = {};
};

/// A flag for a key of a run's configuration, for a program whose settings have one as `config`. It accepts the values
/// of that key.
template <class Settings>
Field<Settings> key_flag(std::string_view key, const KeyFlagText& text) {
  const ConfigField& field = *config_table().find(key);
  return {.key = key,
          .value = {field.value, &Settings::config},
          .flag = text.flag,
          .help = text.help,
          .range = field.range,
          .group = text.group,
          .placeholder = text.placeholder,
          .fallback = text.fallback};
}

}  // namespace apps
