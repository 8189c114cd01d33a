#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>

#include "apps/evaluation/arguments.h"
#include "apps/evaluation/knn.h"
#include "apps/evaluation/result_store.h"
#include "apps/evaluation/results.h"
#include "apps/evaluation/stop.h"
#include "apps/input/run_data.h"
#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/run/signals.h"
#include "apps/train/groups.h"
#include "apps/train/make_context.h"
#include "apps/train/network.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"

namespace {

using namespace apps;
namespace fs = std::filesystem;

/// Data that is not the run's is evaluated only when it is asked for, with --data.
void check_data_of_run(const fs::path& run, const Config& config, const data::Source& train, const data::Source& test) {
  if (const auto of_run = read_fingerprint(run))
    check_same_data(run, *of_run, fingerprint_of(train, test), config.data.source);
}

/// Loads the newest checkpoint's encoder and projection head; returns its step.
std::int64_t load_trained(const fs::path& run, const Config& config, const engine::ParameterSet& parameters) {
  const auto checkpoint = Checkpoints(run, config.run.keep).newest();
  if (!checkpoint)
    throw UsageError(engine::concat(run.string(), " has no checkpoint yet; let pretrain finish an epoch first"));
  load_groups(checkpoint->directory / "model.safetensors", parameters, {kEncoder, kProjector});
  return checkpoint->state.step;
}

Features features_of(const engine::Context& context, const Config& config, const Representation& representation,
                     const data::Source& source, const std::string& whose) {
  Progress progress({.label = "features of " + whose, .unit = "images", .total = source.size()});
  const auto observe = [&](std::int64_t done) {
    progress.update(done);
    stop_if_asked();
  };
  const Features features =
      extract_features(context, representation, source, observe, activation_dtype(config.run.compute.precision));
  check_finite(features, whose);
  return features;
}

LinearProbeResult train_probe(const Features& train, const Features& test, const LinearEvaluation& protocol) {
  std::optional<Progress> progress;
  return train_linear_probe(train, test, protocol, [&](std::int64_t done, std::int64_t steps) {
    if (!progress) progress.emplace(Progress::Job{.label = "lineval", .unit = "steps", .total = steps});
    progress->update(done);
    stop_if_asked();
  });
}

double nearest_neighbours(const Features& train, const Features& test, std::int64_t k) {
  Progress progress({.label = "nearest neighbours", .unit = "images", .total = test.labels.elements()});
  return knn_accuracy(train, test, {.k = static_cast<int>(k)}, [&](std::int64_t done) {
    progress.update(done);
    stop_if_asked();
  });
}

/// Shows the results and stores them. Neither a full disk nor a closed pipe keeps them from the other place.
void print_and_store(const EvaluationResults& results, ResultStore& store) {
  std::exception_ptr unprinted;
  try {
    std::cout << result_line(results) << std::endl;
  } catch (const std::ios_base::failure&) { unprinted = std::current_exception(); }
  store.store([&](const fs::path& directory) { write_results(directory, results); });
  if (unprinted) std::rethrow_exception(unprinted);
}

int lineval(int argc, char** argv) {
  EvaluationSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  stop_on_signals();
  const fs::path run = settings.run;
  const Config& config = settings.config;
  const LinearEvaluation& protocol = config.lineval;

  const engine::Context context = make_context(config.run.compute);
  warn_of_threads(context, config.run.compute.threads, "lineval");
  take_up_plans(context, run);
  const auto train_data = open_data(config.data, data::Split::train, config.train.seed),
             test_data = open_data(config.data, data::Split::test, config.train.seed);
  check_splits_match(*train_data, *test_data);
  if (!settings.other_data) check_data_of_run(run, config, *train_data, *test_data);
  check_enough_examples(train_data->size(), protocol);
  engine::ParameterSet parameters;
  const Network network = make_network(parameters, config.model, *train_data);
  parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed),
                      activation_dtype(config.run.compute.precision));
  const Representation representation(*network.encoder, network.projector, settings.tap);
  const std::int64_t step = settings.random_init ? 0 : load_trained(run, config, parameters);
  const std::int64_t dimensions = representation.features();
  ResultStore store(result_directory(settings),
                    most_bytes_of_results(dimensions, train_data->classes(), protocol.learning_rates.size()));
  EvaluationResults results{.settings = settings,
                            .step = step,
                            .encoder_sha256 = encoder_sha256(parameters),
                            .protocol = protocol_text(protocol, representation, train_data->describe()),
                            .features = dimensions,
                            .neighbours = std::min(protocol.neighbours, train_data->size()),
                            .knn = 0,
                            .probe = {}};

  const Features train = features_of(context, config, representation, *train_data, "the training set");
  const Features test = features_of(context, config, representation, *test_data, "the test set");
  results.probe = train_probe(train, test, protocol);
  results.knn = nearest_neighbours(train, test, results.neighbours);
  EXPECTS(encoder_sha256(parameters) == results.encoder_sha256,
          "lineval: the encoder changed during its evaluation; the figures are void");

  std::cerr << "protocol: " << results.protocol << '\n';
  print_and_store(results, store);
  if (config.run.report) draw_report(run);
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, lineval); }
