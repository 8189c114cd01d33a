#include "apps/train/plans.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>

#include "apps/run/build_info.h"
#include "apps/run/environment.h"
#include "apps/train/plan_file.h"
#include "engine/core/error.h"
#include "engine/io/files.h"
#include "engine/io/sha256.h"
#include "kernels/context.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Choices = PlanChoices;
using Json = nlohmann::ordered_json;

/// Changed with the algorithms: earlier timings of them are then forgotten.
constexpr int kFormat = 1;

/// What decides which algorithm is the fastest, as JSON.
std::string made_for(const engine::Context& context) {
  const BuildInfo build = build_info();
  Json json{{"format", kFormat}};
  json["device"] = context.backend().model();
  if (!context.on_cuda()) {
    json["cpu"] = cpu_model();
    json["threads"] = context.threads();
  }
  json["libraries"] = kernels::library_versions();
  json["build"] = {{"version", build.version}, {"compiler", build.compiler}, {"flags", build.flags}};
  return json.dump();
}

/// Empty when the user has no cache directory.
fs::path machine_file(const std::string& made_for) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const bool has_cache = cache != nullptr && *cache == '/';  // the specification ignores relative paths
  if (!has_cache && (home == nullptr || *home != '/')) return {};
  const fs::path base = has_cache ? fs::path(cache) : fs::path(home) / ".cache";
  return base / "antipode" / ("plans-" + engine::sha256(std::as_bytes(std::span(made_for))).substr(0, 16) + ".json");
}

/// The choices in a file that is for the same machine and build; none when it is not there.
Choices read(const fs::path& file, const std::string& made_for) {
  std::error_code unreadable;
  if (file.empty() || !fs::exists(file, unreadable)) return {};
  return parse_plans(engine::read_file(file), file.string(), made_for);
}

/// The machine's choices; a damaged file counts as none and will be written anew.
Choices of_machine(const std::string& made_for) {
  try {
    return read(machine_file(made_for), made_for);
  } catch (const engine::Error&) { return {}; }
}

}  // namespace

Plans::Plans(const engine::Context& context, const fs::path& run)
    : context_(context),
      run_file_(run / "plans.json"),
      made_for_(made_for(context)),
      saved_(read(run_file_, made_for_)) {
  Choices choices = saved_;
  choices.merge(of_machine(made_for_));  // what the run has stays as it is
  kernels::restore_choices(context, choices);
  kernels::time_new_choices(context, true);
}

bool Plans::made_elsewhere() const { return saved_.empty() && fs::exists(run_file_); }

void Plans::save() {
  Choices choices = kernels::timed_choices(context_);
  choices.merge(Choices(saved_));
  if (choices == saved_) return;
  engine::atomic_write_file(run_file_, plan_text(made_for_, choices));
  saved_ = choices;
  const fs::path file = machine_file(made_for_);
  if (file.empty()) return;
  choices.merge(of_machine(made_for_));
  try {
    engine::create_directories(file.parent_path());
    const fs::path own = file.string() + "." + std::to_string(getpid());  // another run may be writing, too
    engine::atomic_write_file(own, plan_text(made_for_, choices));
    engine::rename_path(own, file);
  } catch (const engine::Error&) {}
}

void take_up_plans(const engine::Context& context, const fs::path& run) {
  kernels::restore_choices(context, read(run / "plans.json", made_for(context)));
}

}  // namespace apps
