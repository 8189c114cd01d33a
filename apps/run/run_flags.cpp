#include "apps/run/run_flags.h"

#include <fmt/format.h>

#include <cctype>

#include "apps/run/recipes.h"
#include "apps/run/run_directory.h"

namespace apps {
namespace {

/// "Optim" of "optim.lr".
std::string group_of(const Field& field) {
  std::string group(field.key.substr(0, field.key.find('.')));
  group[0] = static_cast<char>(std::toupper(group[0]));
  return group;
}

/// What stands for the value in --help.
std::string value_name(const Field& field) {
  Config config;
  const Field::Value value = field.value(config);
  if (std::holds_alternative<bool*>(value)) return "on|off";
  if (std::holds_alternative<std::int64_t*>(value)) return "N";
  if (std::holds_alternative<double*>(value)) return "X";
  return field.allowed.empty() ? "TEXT" : fmt::format("{}", fmt::join(field.allowed, "|"));
}

}  // namespace

void add_run_flags(Flags& flags, RunArguments& arguments) {
  flags.add(
      {"--recipe", "Recipe", fmt::format("start from a recipe: {}, or a file", recipe_names()), "NAME|FILE.toml", ""},
      [&arguments](const std::string& text) { arguments.layers.recipe = read_recipe(text); });
  flags.add(
      {"--set", "Recipe", "set any key (see --help-config); flags win over it, it over the recipe", "KEY=VALUE", ""},
      [&arguments](const std::string& text) { arguments.layers.set.push_back(read_set(text)); }, /*repeated=*/true);
  flags.add({"--out", "Output", "directory of the run; must be new, unless it is resumed", "DIR", "runs/NAME-TIME"},
            arguments.out);
  flags.add({"--resume", "Output", "go on with the run in --out if there is one (auto), or in DIR", "auto|never|DIR",
             arguments.resume},
            arguments.resume);
  for (const Field& field : fields()) {
    if (field.flag.empty()) continue;
    const std::string flag(field.flag);
    flags.add({flag, group_of(field), std::string(field.help), value_name(field), value_text(field, Config{})},
              [&arguments, &field, flag](const std::string& text) {
                arguments.layers.flags.push_back({&field, text, flag});
              });
  }
  flags.add_text({"--print-config", "Information", "show the resulting configuration as TOML, and stop", "", ""},
                 [&arguments] { return to_toml(resolve(arguments)); });
  flags.add_text({"--help-config", "Information", "show every key of the configuration as a table", "", ""},
                 fields_table);
}

}  // namespace apps
