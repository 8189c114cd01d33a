#include "apps/train/plans.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "apps/run/build_info.h"
#include "apps/run/environment.h"
#include "apps/run/exit_code.h"
#include "apps/run/signals.h"
#include "engine/io/files.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kRunFile[] = "plans.json";

/// Increased when algorithms change: earlier timings are then invalid.
constexpr int kFormat = 1;

/// Everything that decides which algorithm is the fastest, as JSON.
std::string made_for(const engine::Context& context) {
  const BuildInfo build = build_info();
  Json json{{"format", kFormat}};
  json["device"] = context.backend().model();
  if (!context.on_cuda()) {
    json["cpu"] = cpu_model();
    json["threads"] = context.threads();
  }
  json["libraries"] = kernels::library_versions();
  json["libraries"].erase("NCCL");  // loaded on several ranks only, and without a part in any of these algorithms
  json["build"] = {{"version", build.version}, {"compiler", build.compiler}, {"flags", build.flags}};
  return json.dump();
}

using Source = PlanSource::Kind;

bool times(Source source) {
  switch (source) {
    case Source::timed: return true;
    case Source::off:
    case Source::file: return false;
  }
  return false;
}

/// The run's own algorithm cache; empty if there is none or it is not valid here.
PlanChoices of_run(const fs::path& file, const std::string& made_for) {
  if (!fs::exists(file)) return {};
  return parse_plans(engine::read_file(file), file.string(), made_for);
}

/// The algorithm cache of the file that run.plans names.
PlanChoices given(const std::string& path, const std::string& made_for) {
  if (!fs::exists(path)) {
    throw UsageError(
        engine::concat("--plans must be timed, off or the plans.json of a run, and there is no file ", path));
  }
  if (!fs::is_regular_file(path)) {
    throw UsageError(engine::concat("--plans must be timed, off or the plans.json of a run, and ", path,
                                    " is not a file", fs::is_directory(path) ? ", but a directory" : ""));
  }
  const std::string text = engine::read_file(path);
  PlanChoices choices;
  try {
    choices = parse_plans(text, path, made_for);
  } catch (const engine::DataError&) {  // its advice is to delete the file, which may be anybody's
    throw engine::DataError(
        engine::concat("--plans must be timed, off or the plans.json of a run, and ", path, " holds no plans"));
  }
  if (const std::string differences = plan_differences(text, made_for); !differences.empty()) {
    throw UsageError(engine::concat("--plans ", path, " does not hold here (", differences,
                                    "); use plans of this build, processor and number of threads, or --plans timed"));
  }
  return choices;
}

}  // namespace

Plans::Plans(const engine::Context& context, const fs::path& run, Options options)
    : context_(context),
      options_(std::move(options)),
      run_file_(run / kRunFile),
      made_for_(made_for(context)),
      machine_(made_for_) {
  const bool timed = times(options_.source.kind), first = context.communicator().rank() == 0;
  context_.algorithms().restore(of_all_ranks(first ? read_files() : PlanChoices()));
  context_.algorithms().time_new(timed);
  if (timed && first) context_.algorithms().ask_before_timing([this] { return ask_machine(); });
}

/// The choices in the run's file, and in the machine's if new problems are timed.
PlanChoices Plans::read_files() {
  const bool timed = times(options_.source.kind);
  saved_ = of_run(run_file_, made_for_);
  if (saved_.empty() && fs::exists(run_file_)) {
    options_.log(engine::concat("plans.json is of another processor, number of threads or build: ",
                                timed ? "algorithms are timed anew" : "a fixed rule chooses algorithms",
                                ", and results may round differently from here on"));
  } else if (saved_.empty() && options_.source.kind == Source::file) {
    // Write all of it: a resumed run needs choices that this run has not used yet.
    if (const PlanChoices choices = given(options_.source.file, made_for_); !choices.empty()) write_run_file(choices);
  }
  PlanChoices choices = saved_;
  if (timed) choices.merge(machine_.read());  // the run's own choices have priority
  return choices;
}

/// The choices of all ranks, where they hold here; those of lower ranks have priority.
PlanChoices Plans::of_all_ranks(const PlanChoices& own) const {
  engine::Communicator& ranks = context_.communicator();
  if (ranks.ranks() == 1) return own;
  PlanChoices all;
  for (const std::string& text : ranks.exchange(plan_text(made_for_, own)))
    all.merge(parse_plans(text, "the plans of a rank", made_for_));
  return all;
}

Plans::~Plans() { context_.algorithms().ask_before_timing({}); }

PlanChoices Plans::ask_machine() {
  if (machine_.locked() || impatient_) return {};
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  bool said = false;
  while (!machine_.try_lock()) {
    const Clock::duration waited = Clock::now() - begin;
    if (stop_signal() != 0 || waited > options_.patience) {
      options_.log(
          fmt::format("another run was timing algorithms for {:.1f} s and more: timing beside it", seconds(waited)));
      impatient_ = true;
      break;
    }
    if (!std::exchange(said, true)) {
      options_.log(fmt::format("another run on this machine is timing algorithms: waiting for it, {:.0f} s at most",
                               seconds(options_.patience)));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return machine_.read();
}

void Plans::write_run_file(const PlanChoices& choices) {
  engine::atomic_write_file(run_file_, plan_text(made_for_, choices));
  saved_ = choices;
}

void Plans::save() {
  const engine::Communicator& ranks = context_.communicator();
  const PlanChoices used = of_all_ranks(context_.algorithms().used());
  if (ranks.ranks() > 1 && used != shared_) context_.algorithms().restore(shared_ = used);
  if (ranks.rank() > 0) return;
  PlanChoices choices = used;
  choices.merge(PlanChoices(saved_));
  if (choices != saved_) {
    write_run_file(choices);
    if (times(options_.source.kind)) machine_.add(choices);
  }
  machine_.unlock();
}

void check_plans(const engine::Context& context, const PlanSource& source, const fs::path& run) {
  if (source.kind != Source::file || (!run.empty() && fs::exists(run / kRunFile))) return;
  given(source.file, made_for(context));
}

void take_up_plans_of_machine(const engine::Context& context) {
  context.algorithms().restore(MachinePlans(made_for(context)).read());
}

void hand_on_plans_to_machine(const engine::Context& context) {
  const PlanChoices& used = context.algorithms().used();
  if (!used.empty()) MachinePlans(made_for(context)).add(used);
}

void take_up_plans(const engine::Context& context, const fs::path& run) {
  context.algorithms().restore(of_run(run / kRunFile, made_for(context)));
}

}  // namespace apps
