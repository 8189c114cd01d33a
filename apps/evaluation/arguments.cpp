#include "apps/evaluation/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "apps/run/config_layers.h"
#include "apps/run/exit_code.h"
#include "apps/run/fields.h"
#include "apps/run/flags.h"
#include "apps/run/limits.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostNeighbours = 10'000;  // that the GPU's kernel has room for

std::vector<double> parse_rates(const std::string& text) {
  std::vector<double> rates;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    double rate = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, rate);
    if (error != std::errc{} || rest != text.data() + end || !(rate >= kSmallestFloat && rate <= kLargestFloat)) {
      throw UsageError(fmt::format("--learning-rates must be numbers from {} to {} with commas between, got '{}'",
                                   kSmallestFloat, kLargestFloat, text));
    }
    rates.push_back(rate);
    begin = end + 1;
  }
  return rates;
}

void add_evaluation_flags(Flags& flags, EvaluationArguments& arguments) {
  flags.add_switch({.name = "--random-init",
                    .group = "Evaluation",
                    .help = "evaluate the same network untrained, into RUN_DIR-random-init"},
                   arguments.random_init);
  flags.add({.name = "--tap",
             .group = "Evaluation",
             .help = "evaluate an activation of the network instead of the encoder's output: group1..group4 (ResNet),\n"
                     "conv1..conv3 (convn), layer1.. (projection head); results go to RUN_DIR/eval/NAME",
             .value = "NAME",
             .fallback = arguments.tap},
            arguments.tap);
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
            arguments.epochs, 1, kMostEpochs);
  flags.add(
      {.name = "--batch-size", .group = "Evaluation", .help = "of the classifiers", .value = "N", .fallback = "512"},
      arguments.batch_size, 1, kLargestBatch);
  flags.add({.name = "--knn", .group = "Evaluation", .help = "neighbours that vote", .value = "K", .fallback = "200"},
            arguments.k, 1, kMostNeighbours);
  flags.add({.name = "--seed",
             .group = "Evaluation",
             .help = "of the held-out part, the shuffles and the untrained network",
             .value = "N",
             .fallback = "1"},
            arguments.seed, 0);
}

void add_run_flags(Flags& flags, EvaluationArguments& arguments) {
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
      arguments.threads);
  flags.add({.name = "--precision",
             .group = "Run",
             .help = "of the encoder, whatever it was trained in",
             .value = "fp32|tf32|bf16",
             .fallback = arguments.precision},
            arguments.precision);
  flags.add({.name = "--out",
             .group = "Output",
             .help = "put the results here, and nothing into the run's directory",
             .value = "DIR",
             .fallback = "RUN_DIR/eval"},
            arguments.out);
  flags.add({.name = "--report",
             .group = "Output",
             .help = "draw the run's plots and report.html again with tools/report",
             .value = "on|off",
             .fallback = "the run's"},
            arguments.report);
}

}  // namespace

bool parse(int argc, char** argv, EvaluationArguments& arguments) {
  Flags flags("lineval",
              "Linear evaluation of a pretrained encoder: lineval RUN_DIR. Trains linear classifiers on its frozen "
              "features for a\ngrid of learning rates in one pass, chooses the rate on a held-out part of the training "
              "set, and reports top-1 on\nthe test set, with k nearest neighbours beside it.");
  flags.add_positional({.name = "RUN_DIR", .help = "directory of a pretraining run"}, arguments.run);
  add_evaluation_flags(flags, arguments);
  add_run_flags(flags, arguments);
  if (!flags.parse(argc, argv)) return false;
  if (arguments.run.empty()) throw UsageError("give the directory of a pretraining run: lineval RUN_DIR");
  return true;
}

Config evaluated_config(const EvaluationArguments& arguments) {
  const fs::path run = arguments.run;
  if (!fs::exists(run / "config.toml"))
    throw UsageError(engine::concat(run.string(), " is not a run directory: it has no config.toml"));
  Config config = read_config(run / "config.toml");
  if (!arguments.data.empty()) config.data.source = arguments.data;
  const auto change = [&](const char* key, const std::string& text, const char* flag) {
    if (!text.empty()) set_value(config, *find_field(key), text, flag);
  };
  change("run.device", arguments.device, "--device");
  change("run.threads", arguments.threads, "--threads");
  change("run.report", arguments.report, "--report");
  change("run.precision", arguments.precision, "--precision");
  // The untrained network has no run to draw, and what --out keeps elsewhere changes nothing in the run's report.
  const bool draws_none = arguments.random_init || !arguments.out.empty();
  if (draws_none && !arguments.report.empty() && config.run.report)
    throw UsageError("--report on draws what is in the run's directory, where --out and --random-init put nothing");
  if (draws_none) config.run.report = false;
  config.run.repeatable = true;  // an evaluation is, however the run was trained
  if (arguments.random_init) config.train.seed = arguments.seed;
  return config;
}

LinearProbeOptions probe_options(const EvaluationArguments& arguments) {
  return {.learning_rates = parse_rates(arguments.learning_rates),
          .batch_size = arguments.batch_size,
          .epochs = arguments.epochs,
          .seed = static_cast<std::uint64_t>(arguments.seed)};
}

fs::path result_directory(const EvaluationArguments& arguments) {
  if (!arguments.out.empty()) return arguments.out;
  fs::path run = fs::absolute(arguments.run).lexically_normal();  // so that "." has a name
  if (!run.has_filename()) run = run.parent_path();
  const fs::path results = (arguments.random_init ? fs::path(run.string() + "-random-init") : run) / "eval";
  return arguments.tap == Representation::kFeatures ? results : results / arguments.tap;
}

}  // namespace apps
