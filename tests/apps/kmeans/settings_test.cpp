#include "apps/kmeans/settings.h"

#include <doctest/doctest.h>

#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

KMeansSettings parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "kmeans");
  KMeansSettings settings;
  const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
  CHECK(goes_on);
  return settings;
}

std::string refusal(const std::vector<const char*>& arguments) {
  return message_of<UsageError>([&] { parsed(arguments); });
}

}  // namespace

TEST_CASE("kmeans settings: flags reach what they are about") {
  const KMeansSettings settings =
      parsed({"--weights",   "w.safetensors", "--data",   "digits:",         "--arch",   "resnet50",
              "--normalize", "imagenet",      "--tap",    "group2,group4",   "--k",      "3,5",
              "--joint",     "--seed",        "9",        "--restarts",      "4",        "--iterations",
              "50",          "--tolerance",   "0.001",    "--role",          "pretrain", "--images",
              "7",           "--first",       "2",        "--image-size",    "448",      "--masks",
              "m",           "--upsample",    "bilinear", "--save-features", "f",        "--skip-bad",
              "on",          "--threads",     "3"});
  CHECK(settings.weights == "w.safetensors");
  CHECK(settings.pretrained.file == "w.safetensors");
  CHECK(settings.pretrained.arch == models::Architecture::resnet50);
  CHECK(settings.pretrained.normalization == models::Normalization::imagenet());
  CHECK(settings.taps == std::vector<std::string>{"group2", "group4"});
  CHECK(settings.clusters.values == std::vector{3, 5});
  CHECK(settings.joint);
  CHECK(settings.seed == 9);
  CHECK(settings.restarts == 4);
  CHECK(settings.iterations == 50);
  CHECK(settings.tolerance == .001);
  CHECK(settings.role == data::Role::pretrain);
  CHECK(settings.images == 7);
  CHECK(settings.first == 2);
  CHECK(settings.config.data.source == "digits:");
  CHECK(settings.config.data.augment.size == 448);
  CHECK(settings.config.data.skip_bad);
  CHECK(settings.config.run.compute.threads == 3);
  CHECK(settings.masks == "m");
  CHECK(settings.upsample == Upsampling::bilinear);
  CHECK(settings.save_features == "f");
  CHECK(result_directory(settings) == "w-kmeans");

  const KMeansSettings raw = parsed({"--raw", "mean-rgb", "--patch", "16", "--data", "digits:", "--out", "o"});
  CHECK(raw.raw == RawFeatures::mean_rgb);
  CHECK(raw.patch == 16);
  CHECK(raw.clusters.values == std::vector{2, 4, 6, 8});
  CHECK_FALSE(raw.joint);
  CHECK(raw.pretrained.file.empty());
  CHECK(result_directory(raw) == "o");
  CHECK(result_directory({.run = "runs/one"}) == "runs/one/kmeans");
}

TEST_CASE("kmeans settings: flags that contradict each other are refused") {
  CHECK(refusal({}).starts_with("give the directory of a pretraining run, a file of weights, or --raw: "));
  CHECK(refusal({"--weights", "w"}) == "--weights needs --data SOURCE: only a run knows its images");
  CHECK(refusal({"--raw", "patches", "--out", "o"}) == "--raw needs --data SOURCE: only a run knows its images");
  CHECK(refusal({"--raw", "patches", "--data", "digits:"}) == "--raw needs --out DIR for its results");
  CHECK(refusal({"--raw", "patches", "--weights", "w", "--data", "digits:"}) ==
        "--raw clusters pixels, and --weights is of a network; give one of them");
  CHECK(refusal({"--raw", "patches", "--tap", "group2", "--data", "digits:", "--out", "o"}) ==
        "--tap is of a network, and --raw has none; give one of them");
  CHECK(refusal({"--weights", "w", "--data", "digits:", "--patch", "8"}) ==
        "--patch is for --raw; the grid of a network is that of its --tap");
  CHECK(refusal({"--raw", "patches", "--arch", "resnet18", "--data", "digits:", "--out", "o"}) ==
        "--arch is for --weights FILE; the network of a run is known");
  CHECK(refusal({"no-run"}) == "no-run is not a run directory: it has no config.toml");
  CHECK(refusal({"--raw", "words"}) == "--raw must be one of none, patches, mean-rgb, got 'words'");
  CHECK(refusal({"--images", "0"}).starts_with("--images must be a whole number from 1 to "));
}

TEST_CASE("kmeans settings: numbers of clusters") {
  CHECK(ClusterCounts::parse("8")->values == std::vector{8});
  CHECK(ClusterCounts::parse("1,256")->text() == "1,256");
  for (const char* text : {"", "0", "257", "2.5", "2,2", "2,,4", "two"}) {
    CAPTURE(text);
    CHECK_FALSE(ClusterCounts::parse(text).has_value());
  }
  CHECK(refusal({"--k", "0"}) == "--k must be different numbers of 1 to 256 with commas between, got '0'");
}

TEST_CASE("kmeans settings: the help shows the defaults") {
  const CaptureStdout out;
  KMeansSettings settings;
  const char* const arguments[] = {"kmeans", "--help"};
  CHECK_FALSE(parse(2, arguments, settings));
  for (const char* text : {"--k K,K,...", "2,4,6,8", "RUN_DIR/kmeans", "patches|mean-rgb"})
    CHECK(out.text().find(text) != std::string::npos);
}
