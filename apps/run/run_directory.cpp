#include "apps/run/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <system_error>
#include <vector>

#include "apps/run/environment.h"
#include "apps/run/exit_code.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "config.toml";

/// Creates a new directory below runs/; runs that start in the same second get different numbers.
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

/// Files that a run or an experiment writes after it has begun, the most reliable first. Other files in a directory
/// belong to others (a scheduler's log, lost+found) or to a start that was killed before it had a configuration.
constexpr std::array kSigns = {"config.toml", "results.json", "suppress.json", "checkpoints", "metrics.jsonl",
                               "result.json", "data.json",    "env.json",      "plans.json",  "export",
                               "crash",       "report.html",  "scalars.json",  "samples"};

void refuse_used(const fs::path& directory) {
  const auto sign =
      std::find_if(kSigns.begin(), kSigns.end(), [&](const char* name) { return fs::exists(directory / name); });
  if (sign == kSigns.end()) return;
  const bool run = *sign == std::string_view(kConfig), experiment = *sign == std::string_view("results.json"),
             report = *sign == std::string_view("suppress.json");
  throw UsageError(engine::concat("--out ", directory.string(),
                                  run          ? " holds a run already (it has "
                                  : experiment ? " holds an experiment of reproduce (it has "
                                  : report     ? " holds a report of suppress (it has "
                                               : " has what a run writes, but no config.toml to go on with (it has ",
                                  *sign, "): choose another directory",
                                  run ? ", or give --resume auto to go on with it" : ""));
}

/// Removes temporary files of a killed process, but only with our names; lineval removes its own.
void clear_leftovers(const fs::path& run) {
  for (const char* name : {"config.toml", "data.json", "env.json", "metrics.csv", "metrics.jsonl", "plans.json",
                           "result.json", "scalars.json"})
    engine::remove_all(run / (std::string(name) + ".tmp"));
  std::vector<fs::path> found;
  for (const char* folder : {"export", "crash", "samples", "tb"}) {
    if (!fs::is_directory(run / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(run / folder)) {
      if (entry.path().extension() == ".tmp") found.push_back(entry.path());
    }
  }
  for (const fs::path& path : found) engine::remove_all(path);
}

/// Whether two names are the same directory: r and r/, or a link and its target.
bool same_directory(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return one == other || fs::equivalent(one, other, error);
}

fs::path prepare(const RunArguments& arguments) {
  if (const fs::path path = resumed_path(arguments); !path.empty()) return path;
  const Config config = resolve(arguments);  // checked before anything is created
  if (arguments.out.empty()) return create_named(config);
  engine::create_directories(arguments.out);
  refuse_used(arguments.out);
  return arguments.out;
}

}  // namespace

fs::path resumed_path(const RunArguments& arguments) {
  if (arguments.resume == "never") return {};
  if (arguments.resume == "auto") {
    if (arguments.out.empty()) throw UsageError("--resume auto needs --out DIR to know which run is meant");
    return fs::exists(fs::path(arguments.out) / kConfig) ? fs::path(arguments.out) : fs::path();
  }
  if (!arguments.out.empty() && !same_directory(arguments.out, arguments.resume)) {
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
  const bool contrastive = config.objective.name == ObjectiveName::contrastive;
  return fmt::format("{}-{}-{}-b{}-s{}", data, engine::name(config.model.encoder.arch),
                     contrastive ? engine::name(config.loss.name) : engine::name(config.objective.name),
                     config.train.batch_size, config.train.seed);
}

RunDirectory::RunDirectory(const RunArguments& arguments)
    : path_(prepare(arguments)),
      lock_(std::in_place, path_),
      resumed_(!resumed_path(arguments).empty()),
      config_(resolve(arguments)) {
  if (!resumed_) refuse_used(path_);  // another process was faster
}

RunDirectory::RunDirectory(fs::path path, const Config& config, bool resumed)
    : path_(std::move(path)), resumed_(resumed), config_(config) {}

void RunDirectory::begin(const DataFingerprint& data) {
  data_ = data;
  if (!writes()) return;
  clear_leftovers(path_);
  Config kept = config_;
  // The present place of the data is only for this command; config.toml keeps the place where the run began.
  if (resumed_) kept.data.source = read_config(path_ / kConfig).data.source;
  // Written first: a directory with other files but without config.toml would be neither new nor a run.
  engine::atomic_write_file(path_ / kConfig, to_toml(kept));
  log_.emplace(path_ / "train.log", O_WRONLY | O_CREAT | O_APPEND);
  if (read_fingerprint(path_) != data) write_fingerprint(path_, data);
}

void RunDirectory::log(std::string_view message) {
  if (!writes()) return;
  EXPECTS(log_, "a run must begin before it can log");
  log_->write(fmt::format("{} {}\n", utc_time(), message));
}

void RunDirectory::check_in_place() const {
  if (!writes()) return;
  if (lock_->in_place()) {
    if (fs::exists(path_ / kConfig)) return;
    throw engine::Error(
        engine::concat((path_ / kConfig).string(),
                       " was removed during the run, which ends here because it could not be resumed or "
                       "evaluated without it; restore the file and use --resume"));
  }
  throw engine::Error(engine::concat("the run directory ", path_.string(),
                                     " was removed, moved or replaced during the run, which ends here; restore it and "
                                     "use --resume, or start a new run"));
}

}  // namespace apps
