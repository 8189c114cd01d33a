#include "apps/run/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>

#include <ctime>
#include <system_error>

#include "apps/run/environment.h"
#include "apps/run/exit_code.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "config.toml";

/// A directory of its own below runs/; runs that start in the same second are told apart by a number.
fs::path create_named(const Config& config) {
  const std::string name = fmt::format("{}-{:%Y%m%d-%H%M%S}", run_name(config), fmt::gmtime(std::time(nullptr)));
  engine::create_directories("runs");
  for (int attempt = 1;; ++attempt) {
    const fs::path path = fs::path("runs") / (attempt == 1 ? name : fmt::format("{}-{}", name, attempt));
    std::error_code error;
    if (fs::create_directory(path, error)) return path;
    if (error) throw engine::Error(engine::concat("cannot create directory ", path.string(), ": ", error.message()));
  }
}

/// Left behind by a run that was killed before it had a configuration: as good as empty.
bool only_a_lock(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename() != "lock" && entry.path().filename() != "config.toml.tmp") return false;
  }
  return true;
}

[[noreturn]] void refuse_used(const fs::path& directory) {
  throw UsageError(engine::concat("--out ", directory.string(), " is not empty: choose another directory, or give ",
                                  "--resume auto to go on with the run in it"));
}

fs::path prepare(const RunArguments& arguments) {
  if (const fs::path path = resumed_path(arguments); !path.empty()) return path;
  const Config config = resolve(arguments);  // before anything is created
  if (arguments.out.empty()) return create_named(config);
  engine::create_directories(arguments.out);
  if (!only_a_lock(arguments.out)) refuse_used(arguments.out);
  return arguments.out;
}

}  // namespace

fs::path resumed_path(const RunArguments& arguments) {
  if (arguments.resume == "never") return {};
  if (arguments.resume == "auto") {
    if (arguments.out.empty()) throw UsageError("--resume auto needs --out DIR to know which run is meant");
    return fs::exists(fs::path(arguments.out) / kConfig) ? fs::path(arguments.out) : fs::path();
  }
  if (!arguments.out.empty() && arguments.out != arguments.resume) {
    throw UsageError(engine::concat("--resume ", arguments.resume, " and --out ", arguments.out,
                                    " name different directories; give --resume only"));
  }
  if (!fs::exists(fs::path(arguments.resume) / kConfig)) {
    throw UsageError(
        engine::concat("--resume must be auto, never or a run directory, and ", arguments.resume, " has no ", kConfig));
  }
  return arguments.resume;
}

Config resolve(const RunArguments& arguments) {
  const fs::path path = resumed_path(arguments);
  if (path.empty()) return with_layers(Config{}, arguments.layers);
  const Config before = read_config(path / kConfig);
  const Config config = with_layers(before, arguments.layers);
  check_resume(before, config);
  return config;
}

std::string run_name(const Config& config) {
  const std::string data = config.data.source.substr(0, config.data.source.find(':'));
  return fmt::format("{}-{}-{}-b{}-s{}", data, config.model.arch, config.loss.name, config.train.batch_size,
                     config.train.seed);
}

RunDirectory::RunDirectory(const RunArguments& arguments)
    : path_(prepare(arguments)),
      lock_(path_),
      resumed_(!resumed_path(arguments).empty()),
      config_(resolve(arguments)),
      log_(path_ / "train.log", O_WRONLY | O_CREAT | O_APPEND) {
  if (!resumed_ && fs::exists(path_ / kConfig)) refuse_used(path_);  // another process was faster
  engine::atomic_write_file(path_ / kConfig, to_toml(config_));
}

void RunDirectory::log(std::string_view message) { log_.write(fmt::format("{} {}\n", utc_time(), message)); }

}  // namespace apps
