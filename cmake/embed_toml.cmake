# cmake -DOUTPUT=file.cpp -DHEADER=apps/run/recipes.h -DTYPE=Recipe -DFUNCTION=recipes "-DFILES=a.toml;b.toml" -P embed_toml.cmake
# Writes the definition of apps::FUNCTION(), with every file's name and text as a TYPE; the text is a raw string literal.
set(entries "")
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME_WE)
  file(READ "${path}" text)
  string(APPEND entries "    {\"${name}\", R\"recipe(${text})recipe\"},\n")
endforeach()
file(
  WRITE "${OUTPUT}"
  "#include \"${HEADER}\"

namespace apps {

std::span<const ${TYPE}> ${FUNCTION}() {
  static constexpr ${TYPE} kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace apps
"
)
