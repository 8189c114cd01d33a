// `lineval` on a run of `pretrain`.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/io/descriptor.h"
#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"
#include "tests/apps/exported_network.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;
using engine::read_file;

namespace {

/// A run of `pretrain`, and an evaluation of it that takes about a second.
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

/// Waits until the program has written `text`.
void wait_for(Program& program, std::string (Program::*written)() const, const std::string& text) {
  while (program.running() && (program.*written)().find(text) == std::string::npos) usleep(1000);
}

/// A program stopped by a signal says so in one sentence, prints no result and stores none.
void check_stopped(const Ended& ended, const fs::path& run) {
  CHECK(ended.exit_code == 75);
  CHECK(
      ended.err.ends_with("; nothing was stored, and an evaluation has no checkpoint: the same command begins it "
                          "anew\n"));
  CHECK_FALSE(fs::exists(run / "eval/lineval.json"));
}

/// The accuracies are those of the exported encoder, computed in double, with the classifier that the evaluation stored
/// and with 200 neighbours, the default. Rounding may decide about one image.
void check_accuracies(const fs::path& run, const nlohmann::json& summary, std::size_t first_class = 0) {
  const ExportedNetwork network(run / "export/backbone.safetensors");
  const auto train = network.features(data::Split::train, kTrainImages),
             test = network.features(data::Split::test, kTestImages);
  const double top1 = linear_accuracy(run / "eval/linear_head.safetensors", test, data::Split::test, first_class);
  constexpr double kOneImage = 1.01 / kTestImages;
  CHECK(std::abs(summary.at("top1").get<double>() - top1) < kOneImage);
  CHECK(std::abs(summary.at("knn").get<double>() - nearest_accuracy(train, test, 200)) < kOneImage);
}

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
  check_accuracies(run, summary);
  CHECK(summary.at("encoder_sha256").get<std::string>().size() == 64);
  CHECK(ended.err.find("protocol: frozen features of 128 dimensions") != std::string::npos);
  CHECK(ended.err.find("batch 64, 5 epochs, rate x 64/256") != std::string::npos);

  CHECK(read_file(checkpoint / "model.safetensors") == model);
  CHECK(names(run / "eval") == Strings{"knn.json", "linear_head.safetensors", "lineval.json", "lineval.lock"});
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
                                         "lineval.2.json", "lineval.json", "lineval.lock"});
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

TEST_CASE("lineval --tap: what the network has come to in between is evaluated beside the encoder's output") {
  const Evaluation evaluation;
  const fs::path run = evaluation.run();
  const auto encoder = result(evaluation.evaluate());
  CHECK_FALSE(encoder.contains("tap"));
  CHECK(result(evaluation.evaluate({"--tap", "features"})) == encoder);  // the default, given by name
  const Strings before = names(run / "eval");
  const std::pair<std::string, std::string> taps[] = {
      {"conv2", "features of 64 dimensions, the mean over rows and columns of conv2 of the encoder ("},
      {"layer1", "features of 128 dimensions, layer1 of the projection head ("},
      {"layer2", "features of 64 dimensions, layer2 of the projection head ("}};
  for (const auto& [tap, protocol] : taps) {
    CAPTURE(tap);
    const auto summary = result(evaluation.evaluate({"--tap", tap}));
    CHECK(summary.at("tap") == tap);
    CHECK(summary.at("encoder_sha256") == encoder.at("encoder_sha256"));
    if (tap != "conv2") CHECK(summary.at("top1").get<double>() > 0.2);  // the mean over rows and columns loses too much
    const auto full = read_json(run / "eval" / tap / "lineval.json");
    CHECK(full.at("top1") == summary.at("top1"));
    CHECK(full.at("protocol").get<std::string>().find(protocol) != std::string::npos);
  }
  Strings after = before;
  for (const auto& [tap, protocol] : taps) after.push_back(tap);
  std::sort(after.begin(), after.end());
  CHECK(names(run / "eval") == after);
  const auto untrained = result(evaluation.evaluate({"--tap", "layer2", "--random-init"}));
  CHECK(read_json(evaluation / "run-random-init/eval/layer2/lineval.json").at("top1") == untrained.at("top1"));
  CHECK(complaint(evaluation.evaluate({"--tap", "layer3"})).starts_with("a tap must be features, or of this encoder "));
}

TEST_CASE("lineval: a ResNet is rebuilt from its run's configuration, and its files say what it is") {
  const Workbench bench;
  // The larger stem, which reduces a digit to 1x1 pixel, is quick. With two bits there are three channels.
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
  CHECK(sentence(2, Workbench::lineval({}))
            .starts_with("give the directory of a pretraining run, or a file of weights, or --raw for pixels: lineval "
                         "RUN_DIR, or"));
  CHECK(sentence(2, Workbench::lineval({evaluation.data().string()}))
            .starts_with(evaluation.data().string() + " is not a run directory: it has no config.toml"));
  CHECK(
      sentence(2, evaluation.evaluate({"--learning-rates", "1e39"})).starts_with("--learning-rates must be numbers "));
  const auto not_in_range = [&](const std::string& flag, const std::string& value) {
    return sentence(2, evaluation.evaluate({flag, value}));
  };
  CHECK(
      not_in_range("--epochs", "9223372036854775807").starts_with("--epochs must be a whole number from 1 to 1000000"));
  CHECK(
      not_in_range("--batch-size", "4294967297").starts_with("--batch-size must be a whole number from 1 to 16777216"));
  CHECK(not_in_range("--threads", "4294967297").starts_with("--threads must be a whole number from 0 to 4096"));
  CHECK(not_in_range("--knn", "4294967297").starts_with("--knn must be a whole number from 1 to 10000"));
  CHECK(sentence(2, evaluation.evaluate({"--device", "cuda"})).find("cuda") != std::string::npos);
  CHECK(sentence(2, evaluation.evaluate({"--out", run, "--report", "on"}))
            .starts_with("--report on draws the run's directory, but "));
  CHECK(
      sentence(2, evaluation.evaluate({"--epoch", "1"})).starts_with("unknown flag --epoch; the nearest is --epochs"));
  CHECK(sentence(3, evaluation.evaluate({"--data", "mnist:" + run})).find("has neither train-images") !=
        std::string::npos);
  CHECK(sentence(3, evaluation.evaluate({"--batch-size", "512"}))
            .starts_with("linear evaluation: 512 training examples are too few"));

  write_plain(evaluation / "config.toml", read_file(evaluation.run() / "config.toml"));
  CHECK(sentence(2, Workbench::lineval({(evaluation / "").string(), "--batch-size", "64"}))
            .find("has no checkpoint yet") != std::string::npos);
  CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
  CHECK(names(evaluation / "") == Strings{"config.toml", "mnist", "run"});
}

TEST_CASE("lineval: a data set of more than ten classes, under other names, from training to accuracy") {
  const Workbench bench;
  constexpr char kFirst = 17;  // the drawn digits become classes 17 to 26, as EMNIST's letters have 27
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
  check_accuracies(bench / "run", summary, kFirst);
  CHECK(ended.err.find("(train, 512 images of 27 classes)") != std::string::npos);
}

TEST_CASE("lineval: classifiers that diverged are null and not chosen, and without another there is no accuracy") {
  const Evaluation evaluation;
  const std::string too_large = "1e38";  // overflows f32 with this batch size
  const auto summary = result(evaluation.evaluate({"--batch-size", "400", "--learning-rates", too_large + ",1"}));
  CHECK(summary.at("learning_rate") == 1);
  const auto grid = read_json(evaluation.run() / "eval/lineval.json").at("grid");
  CHECK(grid[0].at("diverged") == true);
  CHECK(grid[0].at("holdout").is_null());
  CHECK(grid[0].at("test").is_null());
  CHECK(grid[1].at("test") == summary.at("top1"));

  const Ended ended = evaluation.evaluate({"--batch-size", "400", "--learning-rates", too_large});
  CHECK(ended.exit_code == 4);
  CHECK(ended.out.empty());
  CHECK(ended.err.find("lineval: error: linear evaluation: every classifier diverged") != std::string::npos);
  CHECK_FALSE(fs::exists(evaluation.run() / "eval/lineval.1.json"));
}

TEST_CASE("lineval: data that is not the run's is refused, unless --data asks for it") {
  const Evaluation evaluation;
  const fs::path images = evaluation.data() / "t10k-images-idx3-ubyte";
  std::string bytes = read_file(images);
  bytes.back() ^= 1;
  write_plain(images, bytes);
  const Ended ended = evaluation.evaluate();
  CHECK(ended.exit_code == 3);
  const std::string source = "mnist:" + evaluation.data().string();
  CHECK(complaint(ended).starts_with(source + " is not the data that the run in " + evaluation.run().string()));
  CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
  CHECK(result(evaluation.evaluate({"--data", source})).at("step") == 16);
}

TEST_CASE("lineval: evaluations of one run side by side all succeed, and their files pair") {
  const Evaluation evaluation;
  std::vector<std::unique_ptr<Program>> programs;
  constexpr int kPrograms = 5;
  for (int seed = 1; seed <= kPrograms; ++seed) {
    programs.push_back(std::make_unique<Program>(
        LINEVAL, Strings{evaluation.run().string(), "--epochs", "1", "--batch-size", "64", "--learning-rates", "0.1,1",
                         "--seed", std::to_string(seed), "--knn", std::to_string(seed)}));
  }
  for (const auto& program : programs) result(program->wait());
  std::vector<int> seeds;
  for (int number = 0; number < kPrograms; ++number) {
    const std::string middle = number == 0 ? std::string() : engine::concat('.', number);
    const auto lineval = read_json(evaluation.run() / ("eval/lineval" + middle + ".json"));
    const auto knn = read_json(evaluation.run() / ("eval/knn" + middle + ".json"));
    CHECK(lineval.at("seed") == knn.at("k"));
    CHECK(lineval.at("knn") == knn.at("knn"));
    const engine::SafetensorsFile head(evaluation.run() / ("eval/linear_head" + middle + ".safetensors"));
    seeds.push_back(lineval.at("seed"));
  }
  std::sort(seeds.begin(), seeds.end());
  CHECK(seeds == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(names(evaluation.run() / "eval").size() == 3 * kPrograms + 1);
}

TEST_CASE("lineval: where nothing can be stored is said before the work, and --out puts results elsewhere") {
  const Evaluation evaluation;
  write_plain(evaluation.run() / "eval", "in the way");  // not a directory: root ignores permissions
  const std::string sentence = complaint(evaluation.evaluate());
  CHECK(sentence.starts_with("the results of an evaluation cannot be stored in " +
                             (evaluation.run() / "eval").string() + ": "));
  CHECK(sentence.ends_with("; give --out DIR to store them elsewhere"));
  const Strings before = names(evaluation.run());
  const auto summary = result(evaluation.evaluate({"--out", (evaluation / "results").string()}));
  CHECK(read_json(evaluation / "results/lineval.json").at("top1") == summary.at("top1"));
  CHECK(names(evaluation / "results") ==
        Strings{"knn.json", "linear_head.safetensors", "lineval.json", "lineval.lock"});
  CHECK(names(evaluation.run()) == before);
}

TEST_CASE("lineval: a full disk is seen before the work, and nothing but the results is written") {
  const Evaluation evaluation;
  const Strings arguments{evaluation.run().string(), "--epochs", "1", "--batch-size", "64"};
  const Ended full = Program(LINEVAL, arguments, {.largest_file_bytes = 1000}).wait();
  CHECK(full.exit_code == 1);
  CHECK(complaint(full).find("File too large") != std::string::npos);
  CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
}

TEST_CASE("lineval: a result that cannot be printed is stored, and the program says that it failed") {
  const Evaluation evaluation;
  const Strings arguments{evaluation.run().string(), "--epochs", "1", "--batch-size", "64"};
  const Ended ended = Program(LINEVAL, arguments, {.standard_output = "/dev/full"}).wait();
  CHECK(ended.exit_code == 1);
  CHECK(ended.err.find("lineval: error: cannot write to standard output: No space left on device") !=
        std::string::npos);
  CHECK(read_json(evaluation.run() / "eval/lineval.json").at("step") == 16);
}

TEST_CASE("lineval: a signal ends it within a step, with 75, and nothing is stored") {
  const Evaluation evaluation;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    Program program(LINEVAL,
                    {evaluation.run().string(), "--report", "off", "--epochs", "1000000", "--batch-size", "64"});
    wait_for(program, &Program::err, "features of the test set");  // from then on it trains for hours
    REQUIRE(program.running());
    program.send(signal);
    const Ended ended = program.wait();
    CHECK(ended.out.empty());
    check_stopped(ended, evaluation.run());
    CHECK_FALSE(fs::exists(evaluation.run() / "eval"));
  }
}

TEST_CASE("lineval: it waits while another stores, and a signal ends that, too") {
  const Evaluation evaluation;
  fs::create_directory(evaluation.run() / "eval");
  const engine::Descriptor other(evaluation.run() / "eval/lineval.lock", O_RDWR | O_CREAT);
  REQUIRE(flock(other.get(), LOCK_EX) == 0);
  const Strings arguments{evaluation.run().string(), "--epochs", "1", "--batch-size", "64"};
  Program waits(LINEVAL, arguments), stopped(LINEVAL, arguments);
  for (Program* program : {&waits, &stopped}) {
    wait_for(*program, &Program::out, "}\n");
    REQUIRE(program->running());
  }
  stopped.send(SIGTERM);
  check_stopped(stopped.wait(), evaluation.run());
  REQUIRE(flock(other.get(), LOCK_UN) == 0);
  result(waits.wait());
  CHECK(read_json(evaluation.run() / "eval/lineval.json").at("step") == 16);
}
