# cmake -DOUTPUT=file.cpp "-DRECIPES=a.toml;b.toml" -P embed_recipes.cmake
# Writes the definition of apps::recipes(), with every recipe's text as a raw string literal.
set(entries "")
foreach(path IN LISTS RECIPES)
  get_filename_component(name "${path}" NAME_WE)
  file(READ "${path}" text)
  string(APPEND entries "    {\"${name}\", R\"recipe(${text})recipe\"},\n")
endforeach()
file(
  WRITE "${OUTPUT}"
  "#include \"apps/run/recipes.h\"

namespace apps {

std::span<const Recipe> recipes() {
  static constexpr Recipe kRecipes[] = {
${entries}  };
  return kRecipes;
}

}  // namespace apps
"
)
