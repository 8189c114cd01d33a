#include "apps/run/run_directory.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/apps/run/digits_hidden.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::RunArguments;
using apps::RunDirectory;
using apps::UsageError;
namespace fs = std::filesystem;

namespace {

/// Changes into a new directory, since default run names are relative.
class WorkingDirectory {
 public:
  WorkingDirectory() : before_(fs::current_path()) { fs::current_path(scratch_.path()); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() { fs::current_path(before_); }

 private:
  ScratchDirectory scratch_;
  fs::path before_;
};

RunArguments arguments(std::vector<std::string> sets, std::string out = "", std::string resume = "never") {
  RunArguments run{.layers = {}, .out = std::move(out), .resume = std::move(resume)};
  for (const std::string& text : sets) run.layers.set.push_back(apps::read_set(text));
  return run;
}

const apps::DataFingerprint kData{.train = "aa", .test = "bb"};

RunDirectory begun(const RunArguments& run) {
  RunDirectory directory(run);
  directory.begin(kData);
  return directory;
}

std::string refusal(const RunArguments& run) {
  return message_of<UsageError>([&] { begun(run); });
}

}  // namespace

TEST_CASE("run_directory: a new run is named by what it does and when, and never shares a directory") {
  const WorkingDirectory here;
  const RunArguments run = arguments({"train.steps=5", "train.seed=3", "data.source=mnist:a/b"});
  RunDirectory first = begun(run);
  const RunDirectory second = begun(run);
  const std::string name = "runs/mnist-convn-nt-xent-b###-s#-########-######";
  CHECK(first.path().string().starts_with("runs/mnist-convn-nt-xent-b256-s3-"));
  CHECK(digits_hidden(first.path()) == name);
  CHECK(digits_hidden(second.path()).substr(0, name.size()) == name);
  CHECK(first.path() != second.path());
  CHECK_FALSE(first.resumed());
  CHECK(first.config().train.steps == 5);
  CHECK(apps::read_config(first.path() / "config.toml") == first.config());

  first.log("one");
  first.log("two");
  CHECK(digits_hidden(engine::read_file(first.path() / "train.log")) ==
        "####-##-##T##:##:##Z one\n####-##-##T##:##:##Z two\n");
}

TEST_CASE("run_directory: --out may hold files of others, which stay, and no run or experiment") {
  const WorkingDirectory here;
  fs::create_directories("out/lost+found");
  engine::atomic_write_file("out/slurm-1.out", "queued");
  CHECK(begun(arguments({"train.steps=5"}, "out")).path() == "out");
  CHECK(engine::read_file("out/slurm-1.out") == "queued");
  CHECK(refusal(arguments({"train.steps=5"}, "out")) ==
        "--out out holds a run already (it has config.toml): choose another directory, or give --resume auto to go on "
        "with it");

  fs::create_directories("arms");
  engine::atomic_write_file("arms/suppress.json", "{}");
  CHECK(refusal(arguments({"train.steps=5"}, "arms")) ==
        "--out arms holds a report of suppress (it has suppress.json): choose another directory");
  fs::create_directories("table");
  engine::atomic_write_file("table/results.json", "{}");
  for (const char* resume : {"never", "auto"}) {
    CHECK(refusal(arguments({"train.steps=5"}, "table", resume)) ==
          "--out table holds an experiment of reproduce (it has results.json): choose another directory");
  }
  for (const std::string sign : {"checkpoints", "metrics.jsonl", "result.json", "data.json", "env.json", "plans.json",
                                 "export", "crash", "report.html", "scalars.json"}) {
    fs::create_directories("half/" + sign);
    for (const char* resume : {"never", "auto"}) {
      CHECK(refusal(arguments({"train.steps=5"}, "half", resume)) ==
            "--out half has what a run writes, but no config.toml to go on with (it has " + sign +
                "): choose another directory");
    }
    fs::remove_all("half/" + sign);
  }
  CHECK(fs::is_empty("half"));  // nothing was written there
}

TEST_CASE("run_directory: a wrong configuration leaves nothing behind") {
  const WorkingDirectory here;
  CHECK_THROWS_AS(RunDirectory(arguments({}, "new")), UsageError);
  CHECK_THROWS_AS(RunDirectory(arguments({})), UsageError);
  CHECK_FALSE(fs::exists("new"));
  CHECK_FALSE(fs::exists("runs"));
}

TEST_CASE("run_directory: --resume auto begins once, then goes on, with the changes that are allowed") {
  const WorkingDirectory here;
  { CHECK_FALSE(begun(arguments({"train.steps=5", "optim.lr=0.5"}, "out", "auto")).resumed()); }
  {
    const std::string before = engine::read_file("out/config.toml");
    RunDirectory again(arguments({"run.keep=9"}, "out", "auto"));
    CHECK(engine::read_file("out/config.toml") == before);  // it can still be refused
    again.begin(kData);
    CHECK(again.resumed());
    CHECK(again.config().optim.schedule.peak == 0.5);  // it starts from the run's own configuration
    CHECK(again.config().run.keep == 9);
  }
  { CHECK(begun(arguments({"train.steps=8"}, "", "out")).resumed()); }
  const apps::Config config = apps::read_config("out/config.toml");
  CHECK(config.run.keep == 9);
  CHECK(config.train.steps == 8);

  const std::string before = engine::read_file("out/config.toml");
  const std::string refused = refusal(arguments({"optim.lr=0.1", "train.steps=7"}, "out", "auto"));
  CHECK(refused.find("\n  optim.lr: 0.5 -> 0.1\n  train.steps: 8 -> 7\n") != std::string::npos);
  CHECK(engine::read_file("out/config.toml") == before);
}

TEST_CASE("run_directory: whatever a start leaves that was killed before it had a configuration is as good as empty") {
  const WorkingDirectory here;
  for (const char* resume : {"auto", "never"}) {
    fs::remove_all("out");
    fs::create_directories("out");
    engine::atomic_write_file("out/lock", "1\n");
    engine::atomic_write_file("out/config.toml.tmp", "[da");
    engine::atomic_write_file("out/train.log", "");
    CHECK_FALSE(begun(arguments({"train.steps=5"}, "out", resume)).resumed());
    CHECK(apps::read_config("out/config.toml").train.steps == 5);
    CHECK_FALSE(fs::exists("out/config.toml.tmp"));
  }
}

TEST_CASE("run_directory: what a killed process left half written is cleared, and nothing else") {
  const WorkingDirectory here;
  const RunArguments run = arguments({"train.steps=5"}, "out", "auto");
  { begun(run); }
  const std::vector<std::string> leftovers = {"config.toml.tmp",
                                              "data.json.tmp",
                                              "env.json.tmp",
                                              "metrics.jsonl.tmp",
                                              "plans.json.tmp",
                                              "result.json.tmp",
                                              "scalars.json.tmp",
                                              "export/backbone.safetensors.tmp",
                                              "crash/step_3/model.safetensors.tmp",
                                              "crash/step_4.tmp/model.safetensors"};
  const std::vector<std::string> others = {"mine.tmp", "eval/lineval.json.tmp", "export/backbone.safetensors"};
  for (const auto* files : {&leftovers, &others}) {
    for (const std::string& file : *files) {
      fs::create_directories((fs::path("out") / file).parent_path());
      engine::atomic_write_file(fs::path("out") / file, "half");
    }
  }
  { begun(run); }
  for (const std::string& file : leftovers) CHECK_MESSAGE(!fs::exists(fs::path("out") / file), file);
  for (const std::string& file : others) CHECK_MESSAGE(fs::exists(fs::path("out") / file), file);
}

TEST_CASE("run_directory: removed, moved or replaced while it is in use, it is not written into") {
  const WorkingDirectory here;
  const RunDirectory directory = begun(arguments({"train.steps=5"}, "out"));
  CHECK_NOTHROW(directory.check_in_place());
  const auto sentence = [&] { return message_of<engine::Error>([&] { directory.check_in_place(); }); };
  fs::rename("out", "elsewhere");
  CHECK(sentence() ==
        "the run directory out was removed, moved or replaced during the run, which ends here; restore it and "
        "use --resume, or start a new run");
  { const RunDirectory other = begun(arguments({"train.steps=5"}, "out")); }
  CHECK(sentence().starts_with("the run directory out was removed, moved or replaced"));
  fs::remove_all("out");
  fs::rename("elsewhere", "out");
  CHECK_NOTHROW(directory.check_in_place());
  fs::remove("out/config.toml");
  CHECK(sentence() ==
        "out/config.toml was removed during the run, which ends here because it could not be resumed or evaluated "
        "without it; restore the file and use --resume");
}

TEST_CASE("run_directory: the data that it began with is kept") {
  const WorkingDirectory here;
  CHECK(begun(arguments({"train.steps=5"}, "out")).data() == kData);
  CHECK(apps::read_fingerprint("out") == kData);
}

TEST_CASE("run_directory: what --resume cannot mean") {
  const WorkingDirectory here;
  CHECK(refusal(arguments({}, "", "auto")) == "--resume auto needs --out DIR to know which run is meant");
  CHECK(refusal(arguments({}, "a", "b")) == "--resume b and --out a name different directories; give --resume only");
  { begun(arguments({"train.steps=5"}, "run")); }
  for (const char* same : {"run", "run/", "./run", "run/../run/"})
    CHECK(begun(arguments({}, same, "run")).path() == "run");
  CHECK(refusal(arguments({}, "", "none")) ==
        "--resume must be auto, never or a run directory, and none has no config.toml");
}

TEST_CASE("run_directory: in use") {
  const WorkingDirectory here;
  const RunDirectory first = begun(arguments({"train.steps=5"}, "out"));
  CHECK(message_of<engine::Error>([] {
          RunDirectory second(arguments({}, "out", "auto"));
        }).starts_with("out is in use by process "));
}

TEST_CASE("run_directory: a rank that does not write leaves nothing, and knows the configuration and the data") {
  const ScratchDirectory scratch;
  const fs::path run = scratch / "run";
  const apps::Config config = resolve(arguments({"train.steps=5"}));
  RunDirectory directory(run, config, true);
  CHECK_FALSE(directory.writes());
  directory.begin(kData);
  directory.log("nothing");
  directory.check_in_place();  // also where there is no such directory
  CHECK_FALSE(fs::exists(run));
  CHECK(directory.path() == run);
  CHECK(directory.resumed());
  CHECK(directory.config() == config);
  CHECK(directory.data() == kData);
  CHECK(begun(arguments({"train.steps=5"}, run)).writes());
}
