// `lineval` on several label sets, on standardised features, and on pixels without a network.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/io/files.h"
#include "engine/io/npy.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

using Json = nlohmann::json;

constexpr char kFigures[] = "trifeature(size=20, train=1, test=1, texture_period=4)";  // 1000 images of three features

/// The arguments of an evaluation that takes about a second.
Strings quick(const Strings& first, const Strings& more = {}) {
  Strings arguments = first;
  arguments.insert(arguments.end(),
                   {"--epochs", "5", "--batch-size", "64", "--learning-rates", "0.1,1", "--threads", "1"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<Json> results_of(const Ended& ended) {
  REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  std::istringstream lines(ended.out);
  std::vector<Json> results;
  for (std::string line; std::getline(lines, line);) results.push_back(Json::parse(line));
  return results;
}

Json read_json(const fs::path& path) { return Json::parse(engine::read_file(path)); }

}  // namespace

TEST_CASE("lineval --labels: several sets from one pass, each as if it was evaluated alone") {
  const Workbench bench;
  result(bench.pretrain("run", {"--data", kFigures, "--steps", "4", "--epochs", "0", "--probe-labels", "texture"}));
  const fs::path run = bench / "run";
  const Ended together = Workbench::lineval(quick({run.string(), "--labels", "label,texture", "--save-features",
                                                   (bench / "kept").string(), "--standardize", "on"}));
  const std::vector<Json> lines = results_of(together);
  REQUIRE(lines.size() == 2);
  CHECK_FALSE(lines[0].contains("labels"));
  CHECK(lines[1].at("labels") == "texture");
  CHECK(together.err.find("features of the training set") == together.err.rfind("features of the training set"));
  CHECK(read_json(run / "eval/lineval.json").at("top1") == lines[0].at("top1"));
  CHECK(read_json(run / "eval/texture/lineval.json").at("top1") == lines[1].at("top1"));
  CHECK(names(bench / "kept") == Strings{"test_features.npy", "test_labels_shape.npy", "test_labels_texture.npy",
                                         "train_features.npy", "train_labels_shape.npy", "train_labels_texture.npy"});

  const Json first = result(Workbench::lineval(quick({run.string(), "--standardize", "on"})));
  const Json second = result(Workbench::lineval(quick({run.string(), "--standardize", "on", "--labels", "texture"})));
  CHECK(first == lines[0]);
  CHECK(second == lines[1]);
  CHECK(result(Workbench::lineval(quick({run.string()}))).at("top1") == first.at("top1"));
  CHECK(first.at("top1_standardized") != first.at("top1"));

  // What the run's own probes said is there, too, under another name.
  const Json of_run = read_json(run / "result.json");
  CHECK(first.at("online_top1") == of_run.at("probe_test_accuracy"));
  CHECK(second.at("online_top1") == of_run.at("test_probe_texture_acc"));
  CHECK_FALSE(result(Workbench::lineval(quick({run.string(), "--labels", "colour"}))).contains("online_top1"));
  CHECK_FALSE(result(Workbench::lineval(quick({run.string(), "--random-init"}))).contains("online_top1"));

  const std::vector<Json> elsewhere = results_of(
      Workbench::lineval(quick({run.string(), "--labels", "texture,colour", "--out", (bench / "results").string()})));
  REQUIRE(elsewhere.size() == 2);
  CHECK(names(bench / "results") == Strings{"colour", "texture"});
  CHECK(read_json(bench / "results/colour/lineval.json").at("knn") == elsewhere[1].at("knn"));
}

TEST_CASE("lineval --redraw on: several sets see the images as drawn for each epoch, as each would alone") {
  const Workbench bench;
  result(bench.pretrain("run", {"--data", kFigures, "--steps", "1", "--epochs", "0"}));
  const std::string run = bench / "run";
  const Strings redrawn{"--redraw", "on", "--epochs", "2", "--standardize", "on"};
  const auto evaluated = [&](const std::string& sets) {
    Strings more = redrawn;
    more.insert(more.end(), {"--labels", sets});
    return results_of(Workbench::lineval(quick({run}, more)));
  };
  const std::vector<Json> together = evaluated("shape,colour");
  REQUIRE(together.size() == 2);
  CHECK(together[0].at("redraw") == true);
  CHECK(evaluated("shape").at(0) == together[0]);
  CHECK(evaluated("colour").at(0) == together[1]);
}

TEST_CASE("lineval --raw: the pixels themselves, without a run or a network") {
  const Workbench bench;
  const std::string data = "mnist:" + bench.data().string();
  const Ended ended = Program(LINEVAL,
                              quick({"--raw", "--data", data, "--knn", "5", "--knn-metric", "euclidean",
                                     "--knn-weights", "uniform", "--save-features", "kept"}),
                              {.directory = bench / ""})
                          .wait();
  const Json summary = result(ended);
  CHECK(summary.at("raw") == true);
  CHECK(summary.at("knn_metric") == "euclidean");
  CHECK(summary.at("knn_weights") == "uniform");
  CHECK_FALSE(summary.contains("encoder_sha256"));
  CHECK(ended.err.find("protocol: pixels from 0 to 1, 784 values an image, no network, ") != std::string::npos);
  CHECK(read_json(bench / "runs/raw-mnist/eval/lineval.json").at("knn") == summary.at("knn"));

  // Each test image by itself, in double.
  const auto read = [&](const std::string& name) {
    const engine::NpyFile file(bench / "kept" / (name + "_features.npy"));
    std::vector<float> values(file.array().bytes.size() / sizeof(float));
    engine::to_floats(file.array().type, file.array().bytes, values);
    return values;
  };
  const auto labels_of = [&](const std::string& name) {
    const engine::NpyFile file(bench / "kept" / (name + "_labels.npy"));
    std::vector<std::int64_t> labels(static_cast<std::size_t>(file.array().shape[0]));
    engine::to_whole_numbers(file.array().type, file.array().bytes, labels);
    return labels;
  };
  const std::vector<float> train = read("train"), test = read("test");
  const std::vector<std::int64_t> train_labels = labels_of("train"), test_labels = labels_of("test");
  REQUIRE(train.size() == 784u * kTrainImages);
  double right = 0;
  for (std::size_t q = 0; q < test_labels.size(); ++q) {
    std::vector<std::pair<double, std::size_t>> distances;
    for (std::size_t c = 0; c < train_labels.size(); ++c) {
      double distance = 0;
      for (std::size_t j = 0; j < 784; ++j)
        distance += std::pow(static_cast<double>(test[784 * q + j]) - static_cast<double>(train[784 * c + j]), 2);
      distances.emplace_back(distance, c);
    }
    std::sort(distances.begin(), distances.end());
    std::vector<int> votes(10);
    for (std::size_t i = 0; i < 5; ++i) ++votes[static_cast<std::size_t>(train_labels[distances[i].second])];
    right += std::max_element(votes.begin(), votes.end()) - votes.begin() == test_labels[q] ? 1 : 0;
  }
  CHECK(std::abs(summary.at("knn").get<double>() - right / kTestImages) < 1.01 / kTestImages);

  const Json with_bits = result(Workbench::lineval(
      quick({"--raw", "--data", "randbit(" + data + ", bits=3)", "--out", (bench / "bits").string()})));
  CHECK(read_json(bench / "bits/lineval.json").at("protocol").get<std::string>().find("3136 values an image") !=
        std::string::npos);
  CHECK(with_bits.at("data") == "randbit(" + data + ", bits=3)");
}

TEST_CASE("lineval: labels that cannot be evaluated are refused in one sentence") {
  const Workbench bench;
  const std::string data = "mnist:" + bench.data().string(), out = (bench / "results").string();
  const auto refusal = [&](const Strings& arguments, int exit_code) {
    Strings all = quick({"--raw", "--out", out}, arguments);
    const Ended ended = Workbench::lineval(all);
    CHECK(ended.exit_code == exit_code);
    const std::string said = complaint(ended);
    return said.substr(0, said.find(" (see `lineval --help`)"));
  };
  CHECK(refusal({"--data", data, "--labels", "texture"}, 2).ends_with("(label), got 'texture'"));
  CHECK(refusal({"--data", data, "--labels", "label,texture"}, 2).ends_with("(label), got 'texture'"));
  CHECK(refusal({"--data", "randbit(" + data + ", bits=3)", "--labels", "bits"}, 2) ==
        "--labels bits: an example has 3 of these labels, and a linear evaluation needs one; name another set");
  CHECK(refusal({"--data", "blank(examples=600, height=8, width=8, channels=1, classes=1)"}, 3)
            .ends_with(" has only one class, and a classifier needs two to tell apart"));
  CHECK(refusal({"--data", data, "--standardize", "both"}, 2) == "--standardize must be on or off, got 'both'");
  CHECK_FALSE(fs::exists(out));
}
