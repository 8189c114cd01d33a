#include "apps/run/run_flags.h"

#include <fmt/format.h>

#include "apps/run/recipes.h"
#include "apps/run/run_directory.h"
#include "apps/run/settings_flags.h"

namespace apps {
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
  add_flags<Config>(flags, config_table(), [&arguments](const ConfigField& field, const std::string& text) {
    arguments.layers.flags.push_back({&field, text, std::string(field.flag)});
  });
  flags.add_text({"--print-config", "Information", "show the resulting configuration as TOML, and stop", "", ""},
                 [&arguments] { return to_toml(resolve(arguments)); });
  flags.add_text({"--help-config", "Information", "show every key of the configuration as a table", "", ""},
                 [] { return config_table().markdown(); });
}

}  // namespace apps
