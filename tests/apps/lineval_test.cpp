// `lineval` on a run of `pretrain`.
#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "tests/apps/workbench.h"
#include "tests/data/idx_files.h"

using namespace tests;
using engine::read_file;

namespace {

/// A run of `pretrain` to evaluate, and its evaluation in a second or so.
class Evaluation : public Workbench {
 public:
  Evaluation() { result(pretrain("run")); }
  fs::path run() const { return *this / "run"; }
  Ended evaluate(const Strings& more = {}) const {
    Strings arguments{run().string(), "--epochs", "5", "--batch-size", "64", "--learning-rates", "0.1,1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lineval(arguments);
  }
};

nlohmann::json read_json(const fs::path& path) { return nlohmann::json::parse(read_file(path)); }

}  // namespace

TEST_CASE("lineval: reports accuracies and the protocol, and leaves the run as it was") {
  const Evaluation evaluation;
  const fs::path run = evaluation.run(), checkpoint = latest_checkpoint(run);
  const std::string model = read_file(checkpoint / "model.safetensors");
  const Ended ended = evaluation.evaluate();
  const auto summary = result(ended);
  CHECK(summary.at("run") == run.string());
  CHECK(summary.at("step") == 16);
  CHECK(summary.at("untrained") == false);
  CHECK(summary.at("top1").get<double>() > 0.2);
  CHECK(summary.at("knn").get<double>() > 0.2);
  CHECK(summary.at("encoder_sha256").get<std::string>().size() == 64);
  CHECK(ended.err.find("protocol: frozen features of 128 dimensions") != std::string::npos);
  CHECK(ended.err.find("batch 64, 5 epochs, rate x 64/256") != std::string::npos);

  CHECK(read_file(checkpoint / "model.safetensors") == model);
  CHECK(names(run / "eval") == Strings{"knn.json", "linear_head.safetensors", "lineval.json"});
  const auto full = read_json(run / "eval/lineval.json");
  for (const auto& [key, value] : summary.items()) CHECK(full.at(key) == value);
  CHECK(ended.err.find("protocol: " + full.at("protocol").get<std::string>() + "\n") != std::string::npos);
  REQUIRE(full.at("grid").size() == 2);
  double best_holdout = -1;
  nlohmann::json best;
  for (const auto& point : full.at("grid")) {
    if (point.at("holdout").get<double>() > best_holdout) best = point;
    best_holdout = std::max(best_holdout, point.at("holdout").get<double>());
  }
  CHECK(best.at("test") == full.at("top1"));
  CHECK(best.at("learning_rate") == full.at("learning_rate"));
  CHECK(read_json(run / "eval/knn.json").at("knn") == summary.at("knn"));
  const engine::SafetensorsFile head(run / "eval/linear_head.safetensors");
  CHECK(head.at("fc.weight").shape == std::vector<std::int64_t>{10, 128});
  CHECK(head.at("fc.bias").shape == std::vector<std::int64_t>{10});

  SUBCASE("again: the same figures, and the earlier result stays") {
    CHECK(result(evaluation.evaluate()) == summary);
    CHECK(read_json(run / "eval/lineval.1.json") == full);
    CHECK(result(evaluation.evaluate({"--seed", "2"})) != summary);
    CHECK(names(run / "eval") == Strings{"knn.1.json", "knn.2.json", "knn.json", "linear_head.1.safetensors",
                                         "linear_head.2.safetensors", "linear_head.safetensors", "lineval.1.json",
                                         "lineval.2.json", "lineval.json"});
  }
  SUBCASE("one rate alone gives what it gives in the grid") {
    const auto alone = result(evaluation.evaluate({"--learning-rates", "0.1"}));
    CHECK(alone.at("top1") == full.at("grid")[0].at("test"));
  }
  SUBCASE("the untrained network goes into a directory of its own") {
    const auto untrained = result(evaluation.evaluate({"--random-init"}));
    CHECK(untrained.at("untrained") == true);
    CHECK(untrained.at("step") == 0);
    CHECK(untrained.at("encoder_sha256") != summary.at("encoder_sha256"));
    CHECK(read_json(run / "eval/lineval.json") == full);
    CHECK(read_json(evaluation / "run-random-init/eval/lineval.json").at("top1") == untrained.at("top1"));
    CHECK(names(evaluation / "") == Strings{"mnist", "run", "run-random-init"});
  }
}

TEST_CASE("lineval: a ResNet is rebuilt from its run's configuration, and its files say what it is") {
  const Workbench bench;
  // The larger stem, which leaves 1x1 of a digit in the end: quick. Two bits make the channels three.
  result(
      bench.pretrain("run", {"--arch", "resnet18", "--set", "model.variant=torchvision", "--set", "model.stem=imagenet",
                             "--bits", "2", "--batch-size", "8", "--steps", "2", "--epochs", "0"}));
  const fs::path run = bench / "run";
  const engine::SafetensorsFile backbone(run / "export/backbone.safetensors"),
      head(run / "export/linear_head.safetensors"), classifier(run / "export/classifier.safetensors");
  CHECK(backbone.tensors().size() == 120);
  CHECK(head.tensors().size() == 2);
  CHECK(classifier.tensors().size() == 122);
  CHECK(backbone.at("conv1.weight").shape == std::vector<std::int64_t>{64, 3, 7, 7});
  CHECK(classifier.metadata() == std::map<std::string, std::string>{{"arch", "resnet18"},
                                                                    {"epoch", "0"},
                                                                    {"format", "pt"},
                                                                    {"in_chans", "3"},
                                                                    {"loads_in_torchvision", "yes"},
                                                                    {"mean", "0"},
                                                                    {"std", "1"},
                                                                    {"stem", "imagenet"},
                                                                    {"variant", "torchvision"}});
  CHECK(backbone.metadata().at("loads_in_torchvision") ==
        "no: without fc.weight and fc.bias, as in classifier.safetensors");
  const Ended ended = Workbench::lineval(
      {run.string(), "--epochs", "1", "--batch-size", "64", "--learning-rates", "0.1", "--threads", "1"});
  CHECK(result(ended).at("step") == 2);
  CHECK(ended.err.find("protocol: frozen features of 512 dimensions") != std::string::npos);
}

TEST_CASE("lineval --random-init: the directory beside the run is found however the run is named") {
  const Evaluation evaluation;
  const Strings options{"--random-init", "--epochs", "1", "--batch-size", "64"};
  const auto evaluate = [&](const std::string& run, const fs::path& from) {
    Strings arguments{run};
    arguments.insert(arguments.end(), options.begin(), options.end());
    result(Program(LINEVAL, arguments, {.directory = from}).wait());
    CHECK(fs::exists(evaluation / "run-random-init/eval/lineval.json"));
    CHECK(names(evaluation / "") == Strings{"mnist", "run", "run-random-init"});
    fs::remove_all(evaluation / "run-random-init");
  };
  evaluate("run/", evaluation / "");
  evaluate(".", evaluation.run());
  CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
}

TEST_CASE("lineval: what is wrong is one sentence, and leaves nothing") {
  const Evaluation evaluation;
  const auto sentence = [&](int exit_code, const Ended& ended) {
    CHECK(ended.exit_code == exit_code);
    return complaint(ended);
  };
  const std::string run = evaluation.run().string();
  CHECK(sentence(2, Workbench::lineval({})).starts_with("give the directory of a pretraining run: lineval RUN_DIR"));
  CHECK(sentence(2, Workbench::lineval({evaluation.data().string()}))
            .starts_with(evaluation.data().string() + " is not a run directory: it has no config.toml"));
  for (const std::string rates : {"", "0.1,", "0.1,,1", "fast", "-1", "0", "nan", "inf", "1e999"}) {
    CAPTURE(rates);
    CHECK(sentence(2, evaluation.evaluate({"--learning-rates", rates})).starts_with("--learning-rates must "));
  }
  CHECK(sentence(2, evaluation.evaluate({"--device", "cuda"})).find("cuda") != std::string::npos);
  CHECK(sentence(2, evaluation.evaluate({"--knn", "0"})).starts_with("--knn must be a whole number of at least 1"));
  CHECK(
      sentence(2, evaluation.evaluate({"--epoch", "1"})).starts_with("unknown flag --epoch; the nearest is --epochs"));
  CHECK(sentence(3, evaluation.evaluate({"--data", "mnist:" + run})).find("has neither train-images") !=
        std::string::npos);
  const Ended large = evaluation.evaluate({"--batch-size", "512"});
  CHECK(large.exit_code == 3);
  CHECK(large.err.find("lineval: error: linear evaluation: 512 training examples are too few") != std::string::npos);

  write_plain(evaluation / "config.toml", read_file(evaluation.run() / "config.toml"));
  CHECK(sentence(2, Workbench::lineval({(evaluation / "").string()})).find("has no checkpoint yet") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
  CHECK(names(evaluation / "") == Strings{"config.toml", "mnist", "run"});
}

TEST_CASE("lineval: a data set of more than ten classes, under other names, from training to accuracy") {
  const Workbench bench;
  constexpr char kFirst = 17;  // the drawn digits become classes 17 to 26: EMNIST's letters have 27
  for (const std::string split : {"train", "t10k"}) {
    const fs::path labels = bench.data() / (split + "-labels-idx1-ubyte");
    std::string bytes = read_file(labels);
    for (std::size_t i = 8; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] + kFirst);
    const std::string prefix = "emnist-letters-" + (split == "t10k" ? "test" : split);
    write_gzip(bench.data() / (prefix + "-labels-idx1-ubyte.gz"), bytes);
    fs::remove(labels);
    fs::rename(bench.data() / (split + "-images-idx3-ubyte"), bench.data() / (prefix + "-images-idx3-ubyte"));
  }
  result(bench.pretrain("run"));
  const engine::SafetensorsFile head(bench / "run/export/linear_head.safetensors");
  CHECK(head.at("fc.weight").shape == std::vector<std::int64_t>{27, 128});
  const Ended ended = Workbench::lineval(
      {(bench / "run").string(), "--epochs", "5", "--batch-size", "64", "--learning-rates", "0.1,1"});
  const auto summary = result(ended);
  CHECK(summary.at("top1").get<double>() > 0.2);
  CHECK(summary.at("knn").get<double>() > 0.2);
  CHECK(ended.err.find("(train, 512 images of 27 classes)") != std::string::npos);
}
