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

/// Works in a directory of its own, as default run names are relative.
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

std::string refusal(const RunArguments& run) {
  return message_of<UsageError>([&] { RunDirectory directory(run); });
}

}  // namespace

TEST_CASE("run_directory: a new run is named by what it does and when, and never shares a directory") {
  const WorkingDirectory here;
  const RunArguments run = arguments({"train.steps=5", "train.seed=3", "data.source=mnist:a/b"});
  RunDirectory first(run);
  const RunDirectory second(run);
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

TEST_CASE("run_directory: --out must be new or empty") {
  const WorkingDirectory here;
  fs::create_directories("empty");
  CHECK(RunDirectory(arguments({"train.steps=5"}, "empty")).path() == "empty");
  const std::string used =
      "--out empty is not empty: choose another directory, or give --resume auto to go on with the run in it";
  CHECK(refusal(arguments({"train.steps=5"}, "empty")) == used);
  fs::create_directories("other/file");
  CHECK_THROWS_AS(RunDirectory(arguments({"train.steps=5"}, "other")), UsageError);
  CHECK_FALSE(fs::exists("other/lock"));  // nothing is put into a stranger's directory
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
  { CHECK_FALSE(RunDirectory(arguments({"train.steps=5", "optim.lr=0.5"}, "out", "auto")).resumed()); }
  {
    const RunDirectory again(arguments({"run.keep=9"}, "out", "auto"));
    CHECK(again.resumed());
    CHECK(again.config().optim.lr == 0.5);  // the run's own configuration is the base
    CHECK(again.config().run.keep == 9);
  }
  { CHECK(RunDirectory(arguments({"train.steps=8"}, "", "out")).resumed()); }
  const apps::Config config = apps::read_config("out/config.toml");
  CHECK(config.run.keep == 9);
  CHECK(config.train.steps == 8);

  const std::string before = engine::read_file("out/config.toml");
  const std::string refused = refusal(arguments({"optim.lr=0.1", "train.steps=7"}, "out", "auto"));
  CHECK(refused.find("\n  optim.lr: 0.5 -> 0.1\n  train.steps: 8 -> 7\n") != std::string::npos);
  CHECK(engine::read_file("out/config.toml") == before);
}

TEST_CASE("run_directory: killed before it had a configuration, --resume auto begins anew") {
  const WorkingDirectory here;
  fs::create_directories("out");
  engine::atomic_write_file("out/lock", "1\n");
  CHECK_FALSE(RunDirectory(arguments({"train.steps=5"}, "out", "auto")).resumed());
}

TEST_CASE("run_directory: what --resume cannot mean") {
  const WorkingDirectory here;
  CHECK(refusal(arguments({}, "", "auto")) == "--resume auto needs --out DIR to know which run is meant");
  CHECK(refusal(arguments({}, "a", "b")) == "--resume b and --out a name different directories; give --resume only");
  CHECK(refusal(arguments({}, "", "none")) ==
        "--resume must be auto, never or a run directory, and none has no config.toml");
}

TEST_CASE("run_directory: in use") {
  const WorkingDirectory here;
  const RunDirectory first(arguments({"train.steps=5"}, "out"));
  CHECK(message_of<engine::Error>([] {
          RunDirectory second(arguments({}, "out", "auto"));
        }).starts_with("out is in use by process "));
}
