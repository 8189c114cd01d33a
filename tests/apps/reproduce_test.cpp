// `reproduce`: however it is stopped, the same command ends with the same results as an undisturbed run.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;
using engine::read_file;

namespace {

constexpr std::size_t kCells = 15;

/// A small run for every cell of the table: three epochs of 8 steps, with a checkpoint after each.
Strings arguments(const Workbench& bench, const std::string& out, const Strings& more = {}) {
  Strings all{"randbits-mnist",
              "--data",
              "mnist:" + bench.data().string(),
              "--out",
              (bench / out).string(),
              "--seeds",
              "1",
              "--steps",
              "24",
              "--threads",
              "1",
              "--report",
              "off",
              "--set",
              "train.batch_size=64",
              "--set",
              "run.log_every=1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Ended reproduce(const Strings& arguments) { return Program(REPRODUCE, arguments).wait(); }

std::string refusal(int exit_code, const Strings& arguments) {
  const Ended ended = reproduce(arguments);
  CHECK(ended.exit_code == exit_code);
  return complaint(ended);
}

/// The last line of a program that failed after it had printed progress.
std::string refusal_after_progress(int exit_code, const Strings& arguments) {
  const Ended ended = reproduce(arguments);
  CHECK_MESSAGE(ended.exit_code == exit_code, ended.err);
  CHECK(ended.out.empty());
  constexpr std::string_view kError = "reproduce: error: ";
  const auto at = ended.err.find(kError);
  REQUIRE_MESSAGE(at != std::string::npos, ended.err);
  return ended.err.substr(at + kError.size(), ended.err.size() - at - kError.size() - 1);
}

nlohmann::json results(const fs::path& out) { return nlohmann::json::parse(read_file(out / "results.json")); }

/// Only the table: it must not depend on interruptions.
nlohmann::json table(const fs::path& out) {
  nlohmann::json entries = results(out).at("results");
  for (auto& entry : entries) {
    for (auto& run : entry.at("runs")) run.erase("seconds");
  }
  return entries;
}

Strings runs(const fs::path& out) {
  Strings found;
  if (!fs::exists(out)) return found;
  for (const std::string& name : names(out)) {
    if (name.starts_with("t0.")) found.push_back(name);
  }
  return found;
}

std::size_t finished(const fs::path& out) {
  std::size_t count = 0;
  for (const std::string& run : runs(out)) count += fs::exists(out / run / "result.json");
  return count;
}

/// Waits until there are `after` finished runs and one unfinished run that has a checkpoint.
bool wait_for_half_a_run(Program& program, const fs::path& out, std::size_t after) {
  while (program.running()) {
    if (finished(out) >= after) {
      for (const std::string& run : runs(out)) {
        if (fs::exists(out / run / "checkpoints/latest") && !fs::exists(out / run / "result.json")) return true;
      }
    }
    usleep(500);
  }
  return false;
}

}  // namespace

TEST_CASE("reproduce: killed and rerun, every run is done once and ends with the same bytes") {
  const Workbench bench;
  const auto summary = result(reproduce(arguments(bench, "whole")));
  const fs::path whole = bench / "whole", out = bench / "out";
  CHECK(summary.at("experiment") == "randbits-mnist");
  CHECK(summary.at("out") == whole.string());
  CHECK(summary.at("runs") == kCells);
  REQUIRE(runs(whole).size() == kCells);
  CHECK(results(whole).at("runs_finished") == kCells);
  CHECK(read_file(whole / "report.md").find("| 0.05 | 0 | 0.8992 | ") != std::string::npos);
  CHECK(read_file(whole / "report.md").find("these figures are not a reproduction") != std::string::npos);

  int resumed = 0;
  for (const std::size_t after : {0, 3, 8}) {
    Program program(REPRODUCE, arguments(bench, "out"));
    REQUIRE(wait_for_half_a_run(program, out, after));
    program.send(SIGKILL);
    REQUIRE(program.wait().signal == SIGKILL);
  }
  CHECK(finished(out) < kCells);
  result(reproduce(arguments(bench, "out")));
  CHECK(table(out) == table(whole));
  REQUIRE(runs(out) == runs(whole));
  for (const std::string& run : runs(out)) {
    CAPTURE(run);
    CHECK(same_tensors(out / run, whole / run));
    CHECK(recorded(out / run) == recorded(whole / run));
    CHECK_FALSE(has_leftovers(out / run));
    const std::string log = read_file(out / run / "train.log");
    for (const char* at : {"resumed at step 8\n", "resumed at step 16\n"}) resumed += log.find(at) != std::string::npos;
  }
  CHECK(resumed >= 1);

  const std::string log = read_file(out / "t0.05-bits0-s1/train.log");
  const Ended again = reproduce(arguments(bench, "out"));
  result(again);
  CHECK(again.err.find("15 of 15 runs are finished") != std::string::npos);
  CHECK(read_file(out / "t0.05-bits0-s1/train.log") == log);
  CHECK(table(out) == table(whole));

  // A run equals one of pretrain with the same settings.
  result(Workbench::plain_pretrain({"--recipe",      "randbits-mnist",
                                    "--data",        "mnist:" + bench.data().string(),
                                    "--out",         (bench / "run").string(),
                                    "--bits",        "5",
                                    "--temperature", "0.1",
                                    "--steps",       "24",
                                    "--batch-size",  "64",
                                    "--log-every",   "1",
                                    "--threads",     "1",
                                    "--report",      "off"}));
  CHECK(same_tensors(bench / "run", whole / "t0.1-bits5-s1"));
  CHECK(names(bench / "run") == names(whole / "t0.1-bits5-s1"));

  // Other settings are refused, and nothing is destroyed.
  CHECK(refusal(2, arguments(bench, "out", {"--steps", "25"}))
            .starts_with((out / "t0.05-bits0-s1").string() +
                         " holds a run with other settings (train.steps: 24 -> 25); choose another --out"));
  fs::copy(bench.data(), bench / "copy");
  const Strings moved = arguments(bench, "out", {"--data", "mnist:" + (bench / "copy").string()});
  result(reproduce(moved));  // the same images in another place
  const std::string before = read_file(out / "results.json");
  std::string labels = read_file(bench / "copy/t10k-labels-idx1-ubyte");
  labels.back() = static_cast<char>(labels.back() ^ 1);
  write_plain(bench / "copy/t10k-labels-idx1-ubyte", labels);
  CHECK(refusal(2, arguments(bench, "out", {"--set", "optim.lr=0.5"})).find("optim.lr: 0.001 -> 0.5") !=
        std::string::npos);
  CHECK(refusal(3, moved).find(" is not the data that the run in ") != std::string::npos);
  CHECK(read_file(out / "results.json") == before);
  CHECK(finished(out) == kCells);
}

TEST_CASE("reproduce: a signal gives a checkpoint, the table so far and exit 75") {
  const Workbench bench;
  const fs::path out = bench / "out";
  Program program(REPRODUCE, arguments(bench, "out", {"--steps", "300"}));
  REQUIRE(wait_for_half_a_run(program, out, 1));
  program.send(SIGTERM);
  const Ended stopped = program.wait();
  REQUIRE_MESSAGE(stopped.exit_code == 75, stopped.err);
  CHECK(stopped.out.empty());
  CHECK(stopped.err.find("reproduce: stopped by SIGTERM with ") != std::string::npos);
  CHECK(stopped.err.find(" of 15 runs finished; the same command goes on\n") != std::string::npos);
  CHECK(stopped.err.find("error") == std::string::npos);
  const auto sofar = results(out);
  CHECK(sofar.at("runs_finished") == finished(out));
  CHECK(sofar.at("runs_finished") >= 1);
  CHECK(sofar.at("results").back().at("values").at("online").at("mean").is_null());
  CHECK(read_file(out / "report.md").find("**Not complete: ") != std::string::npos);
  CHECK_FALSE(fs::exists(out / "claims"));
}

TEST_CASE("reproduce: two processes share a table, and each run is done once") {
  const Workbench bench;
  const fs::path out = bench / "out", alone = bench / "alone";
  result(reproduce(arguments(bench, "alone")));
  Program one(REPRODUCE, arguments(bench, "out")), other(REPRODUCE, arguments(bench, "out"));
  const Ended ended[] = {one.wait(), other.wait()};
  std::size_t done = 0;
  for (const Ended& each : ended) result(each);
  for (const std::string& run : runs(out)) {
    const std::string log = read_file(out / run / "train.log");
    for (auto at = log.find("finished"); at != log.npos; at = log.find("finished", at + 1)) ++done;
    CHECK(log.find("resumed") == log.npos);
    CHECK(same_tensors(out / run, alone / run));
  }
  CHECK(done == kCells);
  CHECK(results(out).at("runs_finished") == kCells);
  CHECK(table(out) == table(alone));
  CHECK_FALSE(fs::exists(out / "claims"));
}

TEST_CASE("reproduce: what is wrong is one sentence, and leaves nothing") {
  const Workbench bench;
  CHECK(refusal(2, {}).starts_with("say what to reproduce, as in reproduce randbits-mnist"));
  CHECK(refusal(2, {"randbit-mnsit"})
            .starts_with("there is no experiment 'randbit-mnsit'; the nearest is randbits-mnist"));
  CHECK(refusal(2, {"randbits-mnist", "again"}).starts_with("unexpected argument 'again'"));
  CHECK(refusal(2, arguments(bench, "out", {"--seeds", "0"})).starts_with("--seeds must be "));
  CHECK(refusal(2, arguments(bench, "out", {"--seeds", "1000000"}))
            .starts_with("--seeds must be a whole number from 1 to 100, got '1000000'"));
  CHECK(refusal(2, arguments(bench, "out", {"--steps", "x"})).starts_with("--steps must be "));
  CHECK(refusal(2, arguments(bench, "out", {"--set", "loss.temperature=1"}))
            .starts_with("--set loss.temperature: randbits-mnist sets this key itself"));
  CHECK(refusal(3, arguments(bench, "out", {"--data", "mnist:" + (bench / "no").string()})).find("no") !=
        std::string::npos);
  CHECK(refusal(3, arguments(bench, "out", {"--set", "train.batch_size=1000"})).starts_with("batch size 1000 "));
  CHECK(names(bench / "") == Strings{"mnist"});

  fs::create_directory(bench / "out");
  write_plain(bench / "out/thesis.txt", "x");
  write_plain(bench / "out/config.toml", "x");
  CHECK(
      refusal(2, arguments(bench, "out")).find(" holds a single run (it has config.toml), and reproduce puts many ") !=
      std::string::npos);
  CHECK(names(bench / "out") == Strings{"config.toml", "thesis.txt"});
  fs::remove(bench / "out/config.toml");
  write_plain(bench / "out/results.json", R"({"experiment": "another", "budget": "paper"})");
  CHECK(refusal(2, arguments(bench, "out")).find("holds another experiment than randbits-mnist") != std::string::npos);
  for (const std::string damaged : {"", "{\"experi", "[]", R"({"experiment": 1})"}) {
    write_plain(bench / "out/results.json", damaged);
    CHECK(refusal(2, arguments(bench, "out"))
              .starts_with((bench / "out/results.json").string() + " is damaged; delete it and repeat the command"));
  }
  CHECK(refusal(2, arguments(bench, "out/thesis.txt"))
            .starts_with("--out " + (bench / "out/thesis.txt").string() + " is a file"));
}

TEST_CASE("reproduce: a run whose loss is not finite is left aside, and results are kept and can be made anew") {
  const Workbench bench;
  const fs::path out = bench / "out";
  const Strings quick = arguments(bench, "out", {"--steps", "1"});
  const auto with = [&](const Strings& more) {
    Strings all = quick;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  // What a start leaves if it is killed before it has results, or before a run has its configuration; and somebody's
  // file.
  fs::create_directories(out / "t0.05-bits0-s1");
  for (const char* file : {"lock", "results.json.tmp", "report.md.tmp", "t0.05-bits0-s1/lock",
                           "t0.05-bits0-s1/train.log", "t0.05-bits0-s1/config.toml.tmp", "slurm-1.out"})
    write_plain(out / file, "");
  CHECK(result(reproduce(quick)).at("runs") == kCells);
  CHECK_FALSE(has_leftovers(out));
  CHECK(fs::exists(out / "slurm-1.out"));

  // What a further seed leaves: a finished run, an unfinished one, and one that failed.
  fs::copy(out / "t0.1-bits5-s1", out / "t0.1-bits5-s2", fs::copy_options::recursive);
  std::string config = read_file(out / "t0.1-bits5-s2/config.toml");
  config.replace(config.find("\nseed = 1\n"), 10, "\nseed = 2\n");
  write_plain(out / "t0.1-bits5-s2/config.toml", config);
  const fs::path failed = out / "t0.2-bits10-s1";
  fs::remove(failed / "result.json");
  fs::create_directories(failed / "crash/step_1");
  fs::remove_all(out / "t0.2-bits20-s1");  // comes after the failed one, and is not done yet
  write_plain(out / "results.json", "damaged");
  fs::remove(out / "results.json");
  const std::string sentence = refusal_after_progress(4, with({"--threads", "0"}));
  CHECK(sentence ==
        "1 of the runs failed and the others are finished: t0.2-bits10-s1 (numbers became infinite or "
        "NaN in step 1; its weights are in " +
            (failed / "crash/step_1").string() +
            "); a failed run would fail again, so it is repeated only if its directory in " + out.string() +
            " is deleted");
  const auto after = results(out);
  CHECK(after.at("runs_finished") == kCells);  // without the failed run, with that of seed 2
  CHECK(after.at("runs_failed") == 1);
  CHECK(after.at("runs") == kCells + 1);
  const auto& both = after.at("results")[6].at("values").at("online").at("runs");
  CHECK(both[1] == both[0]);
  CHECK(read_file(out / "report.md").find("- `t0.2-bits10-s1`: numbers became infinite or NaN in step 1; ") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(out / "t0.05-bits0-s2"));
  fs::remove_all(failed);
  CHECK(result(reproduce(with({"--threads", "0"}))).at("runs") == kCells + 1);

  // All cells are done.
  const std::string all =
      refusal_after_progress(4, arguments(bench, "nan", {"--steps", "5", "--set", "optim.lr=1e38"}));
  CHECK(all.starts_with("15 of the runs failed and the others are finished: t0.05-bits0-s1 (numbers"));
  CHECK(results(bench / "nan").at("runs_failed") == kCells);
}

TEST_CASE("reproduce --dry-run: the runs and their time, without data and without a trace") {
  const Workbench bench;
  const Ended ended = reproduce({"randbits-mnist", "--dry-run", "--threads", "1", "--out", (bench / "out").string()});
  CHECK(ended.exit_code == 0);
  CHECK(ended.out.starts_with("t0.05-bits0-s1 "));
  CHECK(ended.out.find("\n30 runs, about ") != std::string::npos);
  CHECK_FALSE(fs::exists(bench / "out"));
}
