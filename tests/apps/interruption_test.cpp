// However a run is interrupted, repeating the same command ends with the same files as an undisturbed run. Takes
// minutes, so labelled slow.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// The contents of every final file of a run, by name; without times, and of the checkpoints only the newest, since a
/// stop adds one.
std::map<std::string, std::string> final_files(const fs::path& run) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(run)) {
    const std::string name = fs::relative(entry.path(), run).string();
    if (!entry.is_regular_file() || (name.starts_with("checkpoints/step_") &&
                                     !name.starts_with("checkpoints/" + latest_checkpoint(run).filename().string())))
      continue;
    // Their contents follow from metrics.jsonl, with its times; and a process's events have a name of its own.
    const bool of_records = name == "metrics.csv" || name.starts_with("tb/events.");
    const bool tells_of_a_process = name == "lock" || name == "train.log" || name == "env.json" || of_records;
    files[name.starts_with("tb/events.") ? "tb/events" : name] =
        tells_of_a_process ? "" : engine::read_file(entry.path());
  }
  std::string records;
  for (auto record : metrics(run)) {
    for (const char* clock : {"time", "images_per_s", "step_ms", "data_wait_ms", "mem_peak_bytes"}) record.erase(clock);
    records += record.dump() + "\n";
  }
  files["metrics.jsonl"] = records;
  auto result = nlohmann::json::parse(engine::read_file(run / "result.json"));
  result.erase("seconds");
  files["result.json"] = result.dump();
  return files;
}

void check_same_run(const fs::path& run, const fs::path& undisturbed) {
  const auto files = final_files(run), expected = final_files(undisturbed);
  for (const auto& [name, bytes] : files) CHECK_MESSAGE(expected.contains(name), "left over: ", name);
  for (const auto& [name, bytes] : expected) {
    REQUIRE_MESSAGE(files.contains(name), "missing: ", name);
    CHECK_MESSAGE(files.at(name) == bytes, "differs: ", (run / name).string());
  }
}

/// A command, and the directories of its runs.
struct Work {
  std::string program;
  Strings arguments;           ///< without --out
  std::vector<fs::path> runs;  ///< below --out
};

Strings command(const Work& work, const fs::path& out) {
  Strings arguments = work.arguments;
  arguments.insert(arguments.end(), {"--out", out.string()});
  if (work.program == PRETRAIN) arguments.insert(arguments.end(), {"--resume", "auto"});
  return arguments;
}

Ended finished(const Work& work, const fs::path& out) { return Program(work.program, command(work, out)).wait(); }

/// Like `finished`, with a signal at the `call`-th call that changes the disk.
Ended signalled(const Work& work, const fs::path& out, int signal, int call) {
  setenv("SIGNAL_AT_CALL", (std::to_string(signal) + " " + std::to_string(call)).c_str(), 1);
  setenv("LD_PRELOAD", SIGNAL_AT_CALL, 1);
  Program program(work.program, command(work, out));
  unsetenv("LD_PRELOAD");
  return program.wait();
}

void check_same_runs(const Work& work, const fs::path& out, const fs::path& undisturbed) {
  for (const fs::path& run : work.runs) {
    CAPTURE(run.string());
    check_same_run(out / run, undisturbed / run);
  }
}

/// Runs the same command again and again and sends signals at random moments until `wanted` of them have hit a run.
void interrupt(const Work& work, const fs::path& place, int wanted, const std::vector<int>& signals) {
  const fs::path undisturbed = place / "undisturbed", out = place / "run";
  REQUIRE(finished(work, undisturbed).exit_code == 0);
  std::minstd_rand random(7);
  const auto below = [&](unsigned end) { return static_cast<unsigned>(random()) % end; };
  int met = 0, too_early = 0, ends = 0;
  while (met < wanted) {
    Program program(work.program, command(work, out));
    usleep(30'000 + below(700'000));
    const int signal = signals[below(static_cast<unsigned>(signals.size()))];
    const bool came_in_time = program.running();
    program.send(signal);
    const Ended ended = program.wait();
    CAPTURE(signal);
    CAPTURE(ended.exit_code);
    CAPTURE(ended.signal);
    CAPTURE(ended.err);
    if (ended.signal == signal && signal != SIGKILL) {
      ++too_early;  // the program did not handle signals yet: nothing was begun
    } else if (signal == SIGKILL) {
      REQUIRE((ended.signal == SIGKILL || ended.exit_code == 0));
      met += ended.signal == SIGKILL;
    } else {
      REQUIRE((ended.exit_code == 75 || ended.exit_code == 0));
      met += came_in_time;
    }
    if (ended.signal == 0 && ended.exit_code == 0) {
      ++ends;
      check_same_runs(work, out, undisturbed);
      fs::remove_all(out);
    }
  }
  if (fs::exists(out)) {
    REQUIRE(finished(work, out).exit_code == 0);
    check_same_runs(work, out, undisturbed);
  }
  MESSAGE(met, " signals met a run, ", too_early, " came before, ", ends, " runs finished meanwhile");
  CHECK(too_early < met);
}

struct Works {
  Workbench bench{1280};

  Strings with_data(const std::string& recipe, const Strings& more) const {
    Strings all{"--recipe", recipe, "--data", "mnist:" + bench.data().string(), "--threads", "1", "--report", "off"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Large batches on one thread: most time is spent in oneDNN's products, where a signal handler once overwrote the
  // heap.
  Work demo() const {
    return {.program = PRETRAIN,
            .arguments =
                with_data("demo", {"--steps", "60", "--batch-size", "256", "--log-every", "1", "--eval-every", "2"}),
            .runs = {""}};
  }
  Work randbits() const {
    return {.program = PRETRAIN,
            .arguments = with_data("randbits-mnist", {"--epochs", "30", "--batch-size", "640", "--bits", "5"}),
            .runs = {""}};
  }
  Work table() const {
    return {.program = REPRODUCE,
            .arguments = {"randbits-mnist", "--data", "mnist:" + bench.data().string(), "--seeds", "1", "--steps", "12",
                          "--threads", "1", "--report", "off", "--set", "train.batch_size=320"},
            .runs = {}};
  }
  /// A short run that writes every kind of file.
  Work small() const {
    return {.program = PRETRAIN,
            .arguments = with_data("demo", {"--steps", "6", "--batch-size", "320", "--log-every", "1", "--eval-every",
                                            "1", "--keep", "2"}),
            .runs = {""}};
  }
};

constexpr int kSignals = 334;  // for each of three works: 1,002 in all
const std::vector<int> kStops = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGXCPU};

}  // namespace

TEST_CASE("interruption: signals at any moment end the demo's run with 75, and its files stay true to the byte") {
  const Works works;
  interrupt(works.demo(), works.bench / "demo", kSignals, kStops);
}

TEST_CASE("interruption: signals at any moment end a run of randbits-mnist with 75, and its files stay true") {
  const Works works;
  interrupt(works.randbits(), works.bench / "randbits", kSignals, kStops);
}

TEST_CASE("interruption: signals at any moment end reproduce with 75, and its files stay true") {
  const Works works;
  Work table = works.table();
  const fs::path probe = works.bench / "probe";
  REQUIRE(finished(table, probe).exit_code == 0);
  for (const auto& entry : fs::directory_iterator(probe)) {
    if (fs::exists(entry.path() / "config.toml")) table.runs.push_back(entry.path().filename());
  }
  CHECK(table.runs.size() == 15);
  interrupt(table, works.bench / "table", kSignals, kStops);
}

TEST_CASE("interruption: kills at 200 moments left to chance, then the same files") {
  const Works works;
  interrupt(works.demo(), works.bench / "kills", 200, {SIGKILL});
}

TEST_CASE("interruption: a kill or a stop at every call that changes the disk, then the same files") {
  const Works works;
  const Work work = works.small();
  const fs::path undisturbed = works.bench / "undisturbed", out = works.bench / "run";
  REQUIRE(finished(work, undisturbed).exit_code == 0);
  int calls = 0;
  const auto goes_on = [&](int call) {
    CAPTURE(call);
    const Ended again = finished(work, out);
    CAPTURE(again.err);
    REQUIRE(again.exit_code == 0);
    check_same_run(out, undisturbed);
    fs::remove_all(out);
  };
  while (signalled(work, out, SIGKILL, calls + 1).signal == SIGKILL) goes_on(++calls);
  goes_on(calls + 1);
  CHECK(calls > 50);
  for (int call = 1; call <= calls; ++call) {
    const Ended stopped = signalled(work, out, SIGTERM, call);
    CAPTURE(call);
    CAPTURE(stopped.err);
    CHECK((stopped.exit_code == 75 || stopped.exit_code == 0 || !fs::exists(out)));
    goes_on(call);
  }
  MESSAGE("a kill and a stop at each of ", calls, " calls");
}
