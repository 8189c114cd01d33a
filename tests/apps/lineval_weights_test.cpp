// `lineval --weights`: an encoder in a file, without a run.
#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "engine/io/npy.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// The arguments of an evaluation that takes about a second.
Strings quick(const Strings& first, const Strings& more = {}) {
  Strings arguments = first;
  arguments.insert(arguments.end(),
                   {"--epochs", "5", "--batch-size", "64", "--learning-rates", "0.1,1", "--threads", "1"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("lineval --weights: an export and a checkpoint give what their run gives") {
  const Workbench bench;
  const std::string data = "mnist:" + bench.data().string();
  result(bench.pretrain("run",
                        {"--plans", "off", "--arch", "resnet18", "--width", "0.25", "--steps", "4", "--epochs", "0"}));
  const fs::path run = bench / "run", backbone = run / "export/backbone.safetensors";
  const auto of_run = result(Workbench::lineval(quick({run.string()})));
  for (const fs::path& file :
       {backbone, run / "export/classifier.safetensors", latest_checkpoint(run) / "model.safetensors"}) {
    CAPTURE(file);
    const auto of_file = result(
        Workbench::lineval(quick({"--weights", file.string(), "--data", data, "--out", (bench / "results").string()})));
    CHECK(of_file.at("weights") == file.string());
    CHECK(of_file.at("arch") == "resnet18");
    CHECK_FALSE(of_file.contains("run"));
    for (const char* key : {"encoder_sha256", "top1", "knn", "learning_rate"}) CHECK(of_file.at(key) == of_run.at(key));
  }

  const Ended beside =
      Workbench::lineval(quick({"--weights", backbone.string(), "--data", data, "--tap", "group2", "--normalize",
                                "0.5/0.25", "--save-features", (bench / "kept").string()}));
  CHECK(result(beside).at("tap") == "group2");
  CHECK(beside.err.find(", normalised by 0.5/0.25;") != std::string::npos);
  CHECK(names(run / "export/backbone-lineval/group2") ==
        Strings{"knn.json", "linear_head.safetensors", "lineval.json", "lineval.lock"});
  CHECK(names(bench / "kept") ==
        Strings{"test_features.npy", "test_labels.npy", "train_features.npy", "train_labels.npy"});
  CHECK(engine::NpyFile(bench / "kept/test_features.npy").array().shape == std::vector<std::int64_t>{kTestImages, 32});
}

TEST_CASE("lineval --weights: bad input is refused in one sentence") {
  const Workbench bench;
  result(bench.pretrain("run", {"--steps", "1", "--epochs", "0"}));
  const std::string file = bench / "run/export/backbone.safetensors", data = "mnist:" + bench.data().string();
  const auto refusal = [](const Strings& arguments, int exit_code) {
    const Ended ended = Workbench::lineval(quick(arguments));
    CHECK(ended.exit_code == exit_code);
    const std::string said = complaint(ended);
    return said.substr(0, said.find(" (see `lineval --help`)"));
  };
  CHECK(refusal({}, 2).starts_with(
      "give the directory of a pretraining run, or a file of weights, or --raw for pixels: "));
  CHECK(refusal({"--weights", file}, 2) ==
        "--weights needs --data SOURCE, as a file of weights says nothing of images");
  CHECK(refusal({(bench / "run").string(), "--weights", file, "--data", data}, 2) ==
        "--weights evaluates a file, and RUN_DIR a run; give one of them");
  CHECK(refusal({"--weights", file, "--data", data, "--random-init"}, 2).starts_with("--random-init is for RUN_DIR"));
  CHECK(refusal({(bench / "run").string(), "--arch", "resnet18"}, 2) ==
        "--arch is for --weights FILE; the network of a run is known");
  CHECK(refusal({(bench / "run").string(), "--normalize", "none"}, 2) ==
        "--normalize is for --weights FILE; the network of a run is known");
  CHECK(refusal({"--weights", file, "--data", data, "--normalize", "much"}, 2) ==
        "--normalize must be one of none, imagenet, MEAN/STD, got 'much'");
  CHECK(refusal({"--weights", file, "--data", data, "--report", "on"}, 2)
            .starts_with("--report on draws the run's directory"));
  CHECK(refusal({"--weights", file, "--data", data, "--arch", "resnet50"}, 3).ends_with("; it fits --arch convn"));
  CHECK(refusal({"--weights", (bench / "none").string(), "--data", data}, 3).starts_with("there is no file "));
  CHECK(refusal({"--weights", (bench / "run").string(), "--data", data}, 3)
            .ends_with(": it is a directory, not a regular file"));
  CHECK(refusal({"--weights", (bench / "run/export/linear_head.safetensors").string(), "--data", data}, 3)
            .find(": it is of no encoder that is known here: ") != std::string::npos);
}
