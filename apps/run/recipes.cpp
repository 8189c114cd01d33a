#include "apps/run/recipes.h"

#include <algorithm>
#include <vector>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "kernels/runtime/nearest.h"

namespace apps {

std::string recipe_names() {
  std::string names;
  for (const Recipe& recipe : recipes()) names.append(names.empty() ? "" : ", ").append(recipe.name);
  return names;
}

Layer read_recipe(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) {
    if (!std::filesystem::exists(name_or_path)) {
      throw UsageError(engine::concat("--recipe: there is no file ", name_or_path, "; built in are ", recipe_names()));
    }
    std::string text;
    try {
      text = engine::read_file(name_or_path);
    } catch (const engine::Error& error) { throw UsageError(engine::concat("--recipe: ", error.what())); }
    return read_toml(text, name_or_path);
  }
  std::vector<std::string_view> names;
  for (const Recipe& recipe : recipes()) {
    if (recipe.name == name_or_path) return read_toml(recipe.toml, engine::concat("recipe ", recipe.name));
    names.push_back(recipe.name);
  }
  throw UsageError(engine::concat("--recipe: unknown recipe '", name_or_path, "'; the nearest is ",
                                  engine::nearest(name_or_path, names), ", built in are ", recipe_names(),
                                  ", and a file's name ends in .toml"));
}

}  // namespace apps
