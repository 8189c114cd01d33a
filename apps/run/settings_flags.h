#pragma once
#include <cctype>
#include <functional>
#include <string>

#include "apps/run/flags.h"
#include "apps/settings/table.h"

namespace apps {

/// A field's flag in --help.
template <class Settings>
Flags::Flag flag_of(const Field<Settings>& field) {
  std::string group(field.group.empty() ? field.key.substr(0, field.key.find('.')) : field.group);
  group[0] = static_cast<char>(std::toupper(group[0]));  // "Optim" of "optim.lr"
  return {.name = std::string(field.flag),
          .group = group,
          .help = std::string(field.help),
          .value = field.placeholder.empty() ? placeholder(field.value.kind, field.value.choices)
                                             : std::string(field.placeholder),
          .fallback = field.fallback.empty() ? field.text(Settings{}) : std::string(field.fallback)};
}

/// Adds a flag for every field that has one; `set` is called with its value.
template <class Settings>
void add_flags(Flags& flags, const Table<Settings>& table,
               const std::function<void(const Field<Settings>& field, const std::string& text)>& set) {
  for (const Field<Settings>& field : table) {
    if (field.flag.empty()) continue;
    const auto given = [&field, set](const std::string& text) { set(field, text); };
    if (field.bare)
      flags.add_switch(flag_of(field), given);
    else
      flags.add(flag_of(field), given);
  }
}

}  // namespace apps
