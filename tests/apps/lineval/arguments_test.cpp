#include "apps/lineval/arguments.h"

#include <doctest/doctest.h>

#include <vector>

#include "engine/io/files.h"
#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

/// A run directory with only a configuration in TOML.
class Run {
 public:
  explicit Run(const std::string& keys = {}) {
    engine::atomic_write_file(scratch_ / "config.toml", "[train]\nsteps = 1\n" + keys);
  }
  std::string path() const { return scratch_.path(); }

  EvaluationSettings evaluated(const std::vector<std::string>& flags = {}) const {
    const std::string run = path();
    std::vector<const char*> arguments{"lineval", run.c_str()};
    for (const std::string& flag : flags) arguments.push_back(flag.c_str());
    EvaluationSettings settings;
    const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
    CHECK(goes_on);
    return settings;
  }
  std::string refusal(const std::vector<std::string>& flags) const {
    return message_of<UsageError>([&] { evaluated(flags); });
  }

 private:
  ScratchDirectory scratch_;
};

}  // namespace

TEST_CASE("evaluation arguments: learning rates are numbers that f32 holds") {
  const Run run;
  CHECK(run.evaluated({"--learning-rates", "0.1,1,1e38"}).config.lineval.learning_rates ==
        std::vector<double>{0.1, 1, 1e38});
  for (const std::string text : {"", "0.1,", "0.1,,1", "fast", "-1", "0", "nan", "inf", "1e999", "1e39", "1e-40"}) {
    CAPTURE(text);
    CHECK(run.refusal({"--learning-rates", text}) ==
          "--learning-rates must be numbers from 1e-37 to 1e+38 with commas between, got '" + text + "'");
  }
}

TEST_CASE("evaluation arguments: a flag goes before the run's protocol, and that before the default") {
  const Run early;  // a run of an earlier version, without keys of the protocol
  CHECK(early.evaluated().config.lineval == LinearEvaluation{});
  const Run run("[lineval]\nepochs = 7\nlearning_rates = \"0.5,2\"\nknn = 3\nprecision = \"bf16\"\nseed = 9\n");
  const LinearEvaluation protocol = run.evaluated({"--knn", "5"}).config.lineval;
  CHECK(protocol.epochs == 7);
  CHECK(protocol.learning_rates == std::vector<double>{0.5, 2});
  CHECK(protocol.knn.k == 5);
  CHECK(protocol.batch_size == 512);
  CHECK(run.evaluated().config.run.compute.precision == Precision::bf16);
  CHECK_FALSE(run.evaluated().config.lineval.redraw);
  CHECK(run.evaluated({"--redraw", "on"}).config.lineval.redraw);
  CHECK(Run("[lineval]\nredraw = true\n").evaluated().config.lineval.redraw);
  CHECK(run.evaluated({"--precision", "fp32"}).config.run.compute.precision == Precision::fp32);
}

TEST_CASE(
    "evaluation arguments: what the run says of its data, device and threads holds unless a flag says otherwise") {
  const Run run("seed = 4\n[data]\nsource = \"mnist:here\"\n[run]\nthreads = 2\nprecision = \"bf16\"\n");
  const EvaluationSettings as_it_was = run.evaluated(),
                           changed = run.evaluated({"--data", "digits:", "--threads", "3"});
  CHECK(as_it_was.config.data.source == "mnist:here");
  CHECK_FALSE(as_it_was.other_data);
  CHECK(as_it_was.config.run.compute.threads == 2);
  CHECK(as_it_was.config.run.compute.precision == Precision::fp32);  // the run's precision does not affect the protocol
  CHECK(changed.config.data.source == "digits:");
  CHECK(changed.other_data);
  CHECK(changed.config.run.compute.threads == 3);
  CHECK(run.evaluated({"--seed", "5"}).config.train.seed == 4);
  CHECK(run.evaluated({"--seed", "5", "--random-init"}).config.train.seed == 5);
}

TEST_CASE("evaluation arguments: only what goes into the run's directory is drawn") {
  const Run run;
  CHECK(run.evaluated().config.run.report);
  CHECK_FALSE(run.evaluated({"--report", "off"}).config.run.report);
  CHECK_FALSE(run.evaluated({"--out", "x"}).config.run.report);
  CHECK_FALSE(run.evaluated({"--random-init"}).config.run.report);
  CHECK(
      run.refusal({"--random-init", "--report", "on"}).starts_with("--report on draws the run's directory, but --out"));
}

TEST_CASE("evaluation arguments: results go into the run, beside it for the untrained network, or where --out says") {
  const std::string here = std::filesystem::current_path();
  CHECK(result_directory({.run = "a/run"}, "label") == here + "/a/run/eval");
  CHECK(result_directory({.run = "a/run/"}, "label") == here + "/a/run/eval");
  CHECK(result_directory({.run = ".", .random_init = true}, "label") == here + "-random-init/eval");
  CHECK(result_directory({.run = "a/run", .tap = "layer1"}, "label") == here + "/a/run/eval/layer1");
  CHECK(result_directory({.run = "a/run", .out = "b", .tap = "layer1"}, "label") == "b");
  CHECK(result_directory({.run = "a/run", .out = "b", .random_init = true}, "label") == "b");
  CHECK(result_directory({.run = "a/run", .label_sets = {"digit"}}, "digit") == here + "/a/run/eval/digit");
  const EvaluationSettings both{.run = "a/run", .label_sets = {"label", "digit"}};
  CHECK(result_directory(both, "label") == here + "/a/run/eval");
  CHECK(result_directory(both, "digit") == here + "/a/run/eval/digit");
  CHECK(result_directory({.out = "b", .label_sets = {"digit"}}, "digit") == "b");
  CHECK(result_directory({.out = "b", .label_sets = {"label", "digit"}}, "digit") == "b/digit");
  EvaluationSettings raw{.raw = true};
  raw.config.data.source = "randbit(mnist:DIR, bits=5)";
  CHECK(result_directory(raw, "label") == "runs/raw-randbit-mnist/eval");
  CHECK(result_directory(raw, "bits") == "runs/raw-randbit-mnist/eval/bits");
}

TEST_CASE("evaluation arguments: how neighbours vote, and standardised features") {
  const Run run("[lineval]\nknn_weights = \"uniform\"\nstandardize = true\n");
  const LinearEvaluation of_run = run.evaluated().config.lineval,
                         changed = run.evaluated({"--knn", "5", "--knn-weights", "similarity", "--knn-metric",
                                                  "euclidean", "--knn-temperature", "2", "--standardize", "off"})
                                       .config.lineval;
  CHECK(of_run.standardize);
  CHECK(of_run.knn == KnnOptions{.weights = KnnWeights::uniform});
  CHECK_FALSE(changed.standardize);
  CHECK(changed.knn == KnnOptions{.k = 5, .metric = KnnMetric::euclidean, .temperature = 2});
  CHECK(run.refusal({"--standardize", "both"}) == "--standardize must be on or off, got 'both'");
  CHECK(run.refusal({"--knn-weights", "distance"}) ==
        "--knn-weights must be one of similarity, uniform, got 'distance'");
  CHECK(run.refusal({"--knn-metric", "l2"}) == "--knn-metric must be one of cosine, euclidean, got 'l2'");
  CHECK(run.refusal({"--knn-temperature", "1"}) ==
        "--knn-temperature is for --knn-weights similarity; with uniform every vote counts the same");
}

TEST_CASE("evaluation arguments: several label sets, different and at least one") {
  const Run run;
  CHECK(run.evaluated().label_sets == std::vector<std::string>{"label"});
  CHECK(run.evaluated({"--labels", "digit,bits"}).label_sets == std::vector<std::string>{"digit", "bits"});
  CHECK(run.refusal({"--labels", ""}) == "--labels needs the name of at least one label set");
  CHECK(run.refusal({"--labels", "digit,digit"}) ==
        "--labels must be different names with commas between, or nothing, got 'digit,digit'");
}

TEST_CASE("evaluation arguments: --raw is for data alone") {
  const auto evaluated = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "lineval");
    EvaluationSettings settings;
    const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
    CHECK(goes_on);
    return settings;
  };
  const auto refusal = [&](const std::vector<const char*>& arguments) {
    return message_of<UsageError>([&] { evaluated(arguments); });
  };
  const EvaluationSettings settings = evaluated({"--raw", "--data", "mnist:DIR", "--seed", "3"});
  CHECK(settings.raw);
  CHECK(settings.config.data.source == "mnist:DIR");
  CHECK(settings.config.train.seed == 3);
  CHECK_FALSE(settings.config.run.report);
  CHECK(refusal({"--raw"}) == "--raw needs --data SOURCE, whose pixels it evaluates");
  CHECK(refusal({"RUN", "--raw", "--data", "digits:"}) ==
        "--raw evaluates the pixels of --data, and RUN_DIR a run; give one of them");
  for (const std::vector<const char*>& flag :
       {std::vector{"--tap", "group2"}, {"--weights", "FILE"}, {"--random-init"}, {"--precision", "bf16"}}) {
    std::vector<const char*> arguments{"--raw", "--data", "digits:"};
    arguments.insert(arguments.end(), flag.begin(), flag.end());
    CHECK(refusal(arguments) ==
          std::string(flag.front()) + " is for a network, and --raw evaluates pixels without one");
  }
}

TEST_CASE("evaluation arguments: --help has the flags with what holds without them") {
  const CaptureStdout capture;
  const char* arguments[] = {"lineval", "--help"};
  EvaluationSettings settings;
  CHECK_FALSE(parse(2, arguments, settings));
  const std::string help = capture.text();
  for (const char* part : {"Evaluation:", "--random-init  ", "--learning-rates X,X,...", "--epochs N", "[90]",
                           "--knn K", "--data SOURCE", "[the run's]", "--precision fp32|tf32|bf16", "[RUN_DIR/eval]"}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}
