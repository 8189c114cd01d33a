#include "apps/train/crash.h"

#include <fmt/format.h>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"

namespace apps {

namespace fs = std::filesystem;

void end_by_crash(RunDirectory& directory, const Crash& crash,
                  const std::function<void(const fs::path& directory)>& write_tensors) {
  const fs::path folder = directory.path() / "crash", kept = folder / fmt::format("step_{}", crash.step);
  const fs::path temporary = kept.string() + ".tmp";
  try {
    engine::create_directory(folder);
    engine::remove_all(temporary);
    engine::create_directory(temporary);
    write_tensors(temporary);
    engine::remove_all(kept);
    engine::rename_path(temporary, kept);
  } catch (const engine::Error& error) {
    directory.log(crash.problem);
    throw NonFiniteError(fmt::format("{}; {} were not kept: {}", crash.problem, crash.weights, error.what()));
  }
  const std::string message =
      fmt::format("{}; {} are in {}; {}", crash.problem, crash.weights, kept.string(), crash.remedy);
  directory.log(message);
  throw NonFiniteError(message);
}

}  // namespace apps
