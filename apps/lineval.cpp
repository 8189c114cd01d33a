#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>

#include "apps/evaluation/knn.h"
#include "apps/evaluation/linear_probe.h"
#include "apps/input/run_data.h"
#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "apps/run/flags.h"
#include "apps/run/main.h"
#include "apps/run/precision.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/run_directory.h"
#include "apps/train/make_context.h"
#include "apps/train/network.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "engine/io/files.h"
#include "engine/io/safetensors.h"

namespace {

using namespace apps;
namespace fs = std::filesystem;

struct Arguments {
  std::string run;
  bool random_init = false;
  std::string data, device, report, precision = "fp32";
  std::int64_t threads = -1;
  std::int64_t seed = 1, batch_size = 512, epochs = 90, k = 200;
  std::string learning_rates = "0.03,0.1,0.3,1,3,10,30,100,300";
};

std::vector<double> parse_rates(const std::string& text) {
  std::vector<double> rates;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    double rate = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, rate);
    if (error != std::errc{} || rest != text.data() + end || !(rate > 0) || std::isinf(rate)) {
      throw UsageError(
          engine::concat("--learning-rates must be positive numbers with commas between, got '", text, "'"));
    }
    rates.push_back(rate);
    begin = end + 1;
  }
  return rates;
}

/// Where the results go: the run's own directory, or one beside it for the untrained network.
fs::path result_directory(const Arguments& arguments) {
  fs::path run = fs::absolute(arguments.run).lexically_normal();  // so that "." has a name
  if (!run.has_filename()) run = run.parent_path();
  return arguments.random_init ? fs::path(run.string() + "-random-init") : run;
}

/// An earlier result is kept under the first free number.
void keep_earlier(const fs::path& file) {
  if (!fs::exists(file)) return;
  for (int i = 1;; ++i) {
    const fs::path kept =
        file.parent_path() / fmt::format("{}.{}{}", file.stem().string(), i, file.extension().string());
    if (fs::exists(kept)) continue;
    return engine::rename_path(file, kept);
  }
}

Features features_of(const engine::Context& context, const Config& config, const Network& network,
                     const data::Source& source, const std::string& label) {
  Progress progress({.label = label, .unit = "images", .total = source.size()});
  return extract_features(
      context, *network.encoder, source, [&](std::int64_t done) { progress.update(done); }, activation_dtype(config));
}

LinearProbeResult train_probe(const Features& train, const Features& test, const LinearProbeOptions& options) {
  std::optional<Progress> progress;
  return train_linear_probe(train, test, options, [&](std::int64_t done, std::int64_t steps) {
    if (!progress) progress.emplace(Progress::Job{.label = "lineval", .unit = "steps", .total = steps});
    progress->update(done);
  });
}

void save_head(const fs::path& path, const LinearProbeResult& result, const Features& features) {
  const std::int64_t classes = features.classes;
  const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
  const engine::StoredTensor tensors[] = {
      {.name = "fc.weight", .shape = {classes, features.values.shape()[1]}, .bytes = bytes(result.weight)},
      {.name = "fc.bias", .shape = {classes}, .bytes = bytes(result.bias)}};
  engine::save_safetensors(path, tensors, {{"format", "pt"}});
}

int lineval(int argc, char** argv) {
  Arguments arguments;
  Flags flags("lineval",
              "Linear evaluation of a pretrained encoder: lineval RUN_DIR. Trains linear classifiers on its frozen "
              "features for a\n"
              "grid of learning rates in one pass, chooses the rate on a held-out part of the training set, and "
              "reports top-1 on\n"
              "the test set, with k nearest neighbours beside it.");
  flags.add_positional({.name = "RUN_DIR", .help = "directory of a pretraining run"}, arguments.run);
  flags.add_switch({.name = "--random-init",
                    .group = "Evaluation",
                    .help = "evaluate the same network untrained, into RUN_DIR-random-init"},
                   arguments.random_init);
  flags.add({.name = "--learning-rates",
             .group = "Evaluation",
             .help = "the grid; each is scaled by batch size / 256",
             .value = "X,X,...",
             .fallback = arguments.learning_rates},
            arguments.learning_rates);
  flags.add({.name = "--epochs",
             .group = "Evaluation",
             .help = "passes over the training set",
             .value = "N",
             .fallback = "90"},
            arguments.epochs, 1);
  flags.add(
      {.name = "--batch-size", .group = "Evaluation", .help = "of the classifiers", .value = "N", .fallback = "512"},
      arguments.batch_size, 1);
  flags.add({.name = "--knn", .group = "Evaluation", .help = "neighbours that vote", .value = "K", .fallback = "200"},
            arguments.k, 1);
  flags.add({.name = "--seed",
             .group = "Evaluation",
             .help = "of the held-out part, the shuffles and the untrained network",
             .value = "N",
             .fallback = "1"},
            arguments.seed, 0);
  flags.add({.name = "--data",
             .group = "Data",
             .help = "read the data from here",
             .value = "SOURCE",
             .fallback = "the run's"},
            arguments.data);
  flags.add({.name = "--device",
             .group = "Run",
             .help = "where to compute",
             .value = "cpu|cuda|cuda:N",
             .fallback = "the run's"},
            arguments.device);
  flags.add(
      {.name = "--threads", .group = "Run", .help = "CPU threads, 0 for all", .value = "N", .fallback = "the run's"},
      arguments.threads, 0, engine::Context::kMostThreads);
  flags.add({.name = "--precision",
             .group = "Run",
             .help = "of the encoder, whatever it was trained in",
             .value = "fp32|tf32|bf16",
             .fallback = arguments.precision},
            arguments.precision);
  flags.add({.name = "--report",
             .group = "Run",
             .help = "draw the run's plots and report.html again with tools/report",
             .value = "on|off",
             .fallback = "the run's"},
            arguments.report);
  if (!flags.parse(argc, argv)) return kSuccess;
  if (arguments.run.empty()) throw UsageError("give the directory of a pretraining run: lineval RUN_DIR");

  const fs::path run = arguments.run;
  if (!fs::exists(run / "config.toml"))
    throw UsageError(engine::concat(run.string(), " is not a run directory: it has no config.toml"));
  Config config = read_config(run / "config.toml");
  if (!arguments.data.empty()) config.data.source = arguments.data;
  if (!arguments.device.empty()) set_value(config, *find_field("run.device"), arguments.device, "--device");
  if (arguments.threads >= 0) config.run.threads = arguments.threads;
  if (!arguments.report.empty()) set_value(config, *find_field("run.report"), arguments.report, "--report");
  set_value(config, *find_field("run.precision"), arguments.precision, "--precision");
  config.run.repeatable = true;  // an evaluation is, however the run was trained
  if (arguments.random_init) config.train.seed = arguments.seed;
  const LinearProbeOptions options{.learning_rates = parse_rates(arguments.learning_rates),
                                   .batch_size = arguments.batch_size,
                                   .epochs = arguments.epochs,
                                   .seed = static_cast<std::uint64_t>(arguments.seed)};

  const engine::Context context = make_context(config);
  warn_of_threads(context, config, "lineval");
  take_up_plans(context, run);
  const auto train_data = open_data(config, data::Split::train), test_data = open_data(config, data::Split::test);
  check_splits_match(*train_data, *test_data);
  const std::int64_t neighbours = std::min(arguments.k, train_data->size());
  const Network network(context, config, *train_data);
  std::int64_t step = 0;
  if (!arguments.random_init) {
    const auto checkpoint = Checkpoints(run, config.run.keep).newest();
    if (!checkpoint)
      throw UsageError(engine::concat(run.string(), " has no checkpoint yet; let pretrain finish an epoch first"));
    load_encoder(checkpoint->directory / "model.safetensors", network.parameters);
    step = checkpoint->state.step;
  }

  const std::string before = encoder_sha256(network.parameters);
  const Features train = features_of(context, config, network, *train_data, "features of the training set");
  const Features test = features_of(context, config, network, *test_data, "features of the test set");
  const LinearProbeResult result = train_probe(train, test, options);
  const double knn = knn_accuracy(train, test, {.k = static_cast<int>(neighbours)});
  EXPECTS(encoder_sha256(network.parameters) == before,
          "lineval: the encoder changed during its evaluation; the figures are void");

  const std::string protocol = fmt::format(
      "frozen features of {} dimensions (batch norm in inference mode, no augmentation), {}; multinomial logistic "
      "regression, zero "
      "init, SGD with Nesterov momentum 0.9, batch {}, {} epochs, rate x {}/256 with cosine decay, no weight decay, "
      "rate chosen on "
      "{:.0f}% of the training set held out; top-1 on the test set",
      network.encoder->features(), train_data->describe(), options.batch_size, options.epochs, options.batch_size,
      options.holdout * 100);
  std::cerr << "protocol: " << protocol << '\n';
  nlohmann::ordered_json json{{"run", run.string()}, {"step", step}, {"untrained", arguments.random_init}};
  json["top1"] = result.best.test_accuracy;
  json["learning_rate"] = result.best.learning_rate;
  json["knn"] = knn;
  json["knn_k"] = neighbours;
  json["encoder_sha256"] = before;
  json["seed"] = arguments.seed;
  json["precision"] = config.run.precision;
  json["data"] = config.data.source;
  json["bits"] = config.data.bits;
  json["protocol"] = protocol;
  for (const auto& point : result.grid) {
    json["grid"].push_back(
        {{"learning_rate", point.learning_rate}, {"holdout", point.holdout_accuracy}, {"test", point.test_accuracy}});
  }
  const fs::path eval = result_directory(arguments) / "eval";
  engine::create_directories(eval);
  for (const char* file : {"lineval.json", "knn.json", "linear_head.safetensors"}) keep_earlier(eval / file);
  engine::atomic_write_file(eval / "lineval.json", json.dump(2) + "\n");
  engine::atomic_write_file(
      eval / "knn.json",
      nlohmann::ordered_json{{"knn", knn}, {"k", neighbours}, {"temperature", KnnOptions{}.temperature}}.dump(2) +
          "\n");
  save_head(eval / "linear_head.safetensors", result, train);
  json.erase("grid");
  json.erase("protocol");
  std::cout << json.dump() << std::endl;
  if (config.run.report && !arguments.random_init) draw_report(run);  // what is untrained has no run to draw
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, lineval); }
