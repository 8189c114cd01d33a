#include "apps/reproduce/experiments.h"

#include <filesystem>
#include <vector>

#include "apps/reproduce/experiment_file.h"
#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "kernels/runtime/nearest.h"

namespace apps {

Experiment find_experiment(const std::string& name_or_path) {
  if (name_or_path.ends_with(".toml")) {
    const std::filesystem::path path = name_or_path;
    if (!std::filesystem::exists(path))
      throw UsageError(
          engine::concat("there is no file ", name_or_path, "; `reproduce --list` shows what is built in"));
    std::string text;
    try {
      text = engine::read_file(path);
    } catch (const engine::Error& error) { throw UsageError(error.what()); }
    return read_experiment(text, path.stem().string(), name_or_path);
  }
  std::vector<std::string_view> names;
  for (const ExperimentFile& file : experiment_files()) {
    if (file.name == name_or_path)
      return read_experiment(file.toml, name_or_path, engine::concat("experiment ", file.name));
    names.push_back(file.name);
  }
  if (name_or_path.find_first_of("/.") != name_or_path.npos) {
    throw UsageError(engine::concat("'", name_or_path,
                                    "' is no experiment: a file of your own must end in .toml, and those that are "
                                    "built in are shown by `reproduce --list`"));
  }
  throw UsageError(engine::concat("there is no experiment '", name_or_path, "'; the nearest is ",
                                  engine::nearest(name_or_path, names)));
}

}  // namespace apps
