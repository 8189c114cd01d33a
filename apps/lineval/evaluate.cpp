#include "apps/lineval/evaluate.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "apps/evaluation/knn.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/label_set.h"
#include "apps/input/run_data.h"
#include "apps/lineval/feature_files.h"
#include "apps/lineval/result_store.h"
#include "apps/lineval/results.h"
#include "apps/lineval/stop.h"
#include "apps/objectives/groups.h"
#include "apps/objectives/network.h"
#include "apps/run/checkpoint.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/train/make_context.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// The training and the test data of the classifier.
struct Data {
  std::shared_ptr<data::BadFiles> skipped;
  std::shared_ptr<const data::Source> train, test;
};

/// Opens both splits and checks that they are the run's; other data is only evaluated if --data is given.
Data open_both(const EvaluationSettings& settings) {
  const Config& config = settings.config;
  const std::shared_ptr<data::BadFiles> skipped = notes_of_skipped(config.data);
  const Data data{.skipped = skipped,
                  .train = open_data(config.data, data::Role::probe_train, config.train.seed, skipped),
                  .test = open_data(config.data, data::Role::probe_test, config.train.seed, skipped)};
  check_roles_match(*data.train, *data.test);
  const auto of_run = settings.other_data ? std::nullopt : read_fingerprint(settings.run);
  if (of_run) {
    const auto pretrained_on = open_data(config.data, data::Role::pretrain, config.train.seed);
    check_same_data(settings.run, *of_run, fingerprint_of(*pretrained_on, *data.test), config.data.source);
  }
  check_enough_examples(data.train->size(), config.lineval);
  for (const data::Source* source : {data.train.get(), data.test.get()}) {
    const data::LabelSet labels = label_set(*source, settings.label_set, "--labels");
    if (labels.per_example == 1) continue;
    throw UsageError(engine::concat("--labels ", labels.name, ": an example has ", labels.per_example,
                                    " of these labels, and a linear evaluation needs one; name another set"));
  }
  return data;
}

/// What is evaluated.
struct Subject {
  engine::ParameterSet parameters = {};
  std::unique_ptr<models::Encoder> encoder = {};
  std::optional<models::ProjectionHead> head = {};
  std::int64_t step = 0;
  std::string arch = {}, input = {};  ///< its name, and what happens to its images
};

/// Loads the newest checkpoint's encoder and projection head; returns its step.
std::int64_t load_trained(const fs::path& run, const Config& config, const engine::ParameterSet& parameters) {
  const auto checkpoint = Checkpoints(run, config.run.keep).newest();
  if (!checkpoint)
    throw UsageError(engine::concat(run.string(), " has no checkpoint yet; let pretrain finish an epoch first"));
  load_groups(checkpoint->directory / "model.safetensors", parameters, parameters.groups());
  return checkpoint->state.step;
}

std::string input_text(const models::InputOptions& input) {
  const std::string normalized = input.normalization ? ", normalised by " + input.normalization.text() : "";
  return (input.gray_as_rgb ? ", grey as three channels" : "") + normalized;
}

Subject subject_of(const engine::Context& context, const EvaluationSettings& settings, const data::Source& source) {
  const Config& config = settings.config;
  const engine::Dtype dtype = activation_dtype(config.run.compute.precision);
  if (settings.run.empty()) {
    PretrainedEncoder pretrained = load_pretrained(context, settings.pretrained, source, dtype);
    std::cerr << "weights: " << pretrained.description << '\n';
    return {.parameters = std::move(pretrained.parameters),
            .encoder = std::move(pretrained.encoder),
            .arch = std::string(engine::name(pretrained.options.arch)),
            .input = input_text(pretrained.options.input)};
  }
  Subject subject{.arch = std::string(engine::name(config.model.encoder.arch)),
                  .input = input_text(config.model.encoder.input)};
  Network network = make_network(subject.parameters, config, source);
  subject.parameters.allocate(context, static_cast<std::uint64_t>(config.train.seed), dtype);
  subject.encoder = std::move(network.encoder);
  subject.head = std::move(network.projector);
  if (!settings.random_init) subject.step = load_trained(settings.run, config, subject.parameters);
  return subject;
}

Extraction extraction(const EvaluationSettings& settings, const data::Source& source, std::int64_t epoch = 0) {
  const Config& config = settings.config;
  return {.label_set = settings.label_set,
          .rules = evaluation_rules(config.data.augment, source),
          .images = activation_dtype(config.run.compute.precision),
          .workers = config.data.loader.workers,
          .epoch = epoch};
}

Features features_of(const engine::Context& context, const EvaluationSettings& settings,
                     const Representation& representation, const data::Source& source, const std::string& whose) {
  Progress progress({.label = "features of " + whose, .unit = "images", .total = source.size()});
  const Features features =
      extract_features(context, representation, source, extraction(settings, source), [&](std::int64_t done) {
        progress.update(done);
        stop_if_asked();
      });
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

/// The same with the features of each epoch computed anew, over those of the one before. That takes nearly all of the
/// time, so the progress is the number of images.
LinearProbeResult train_redrawn_probe(const engine::Context& context, const EvaluationSettings& settings,
                                      const Representation& representation, const data::Source& source,
                                      const Features& train, const Features& test) {
  const LinearEvaluation& protocol = settings.config.lineval;
  const std::int64_t size = source.size();
  Progress progress({.label = "lineval, drawn anew", .unit = "images", .total = protocol.epochs * size, .done = size});
  const auto redraw = [&](std::int64_t epoch) {
    extract_features_into(train, context, representation, source, extraction(settings, source, epoch),
                          [&](std::int64_t done) {
                            progress.update(epoch * size + done);
                            stop_if_asked();
                          });
    check_finite(train, "the training set");
  };
  return train_linear_probe(
      train, test, protocol, [](std::int64_t, std::int64_t) { stop_if_asked(); }, redraw);
}

double nearest_neighbours(const Features& train, const Features& test, std::int64_t k) {
  Progress progress({.label = "nearest neighbours", .unit = "images", .total = test.labels.elements()});
  return knn_accuracy(train, test, {.k = static_cast<int>(k)}, [&](std::int64_t done) {
    progress.update(done);
    stop_if_asked();
  });
}

/// Prints the results and stores them. If one of them fails (closed pipe, full disk), the other is still done.
void print_and_store(const EvaluationResults& results, ResultStore& store) {
  std::exception_ptr unprinted;
  try {
    if (results.settings.prints) std::cout << result_line(results) << std::endl;
  } catch (const std::ios_base::failure&) { unprinted = std::current_exception(); }
  store.store([&](const fs::path& directory) { write_results(directory, results); });
  if (unprinted) std::rethrow_exception(unprinted);
}

}  // namespace

void evaluate(const EvaluationSettings& settings) {
  const Config& config = settings.config;
  const LinearEvaluation& protocol = config.lineval;
  const engine::Context context = make_context(config.run.compute);
  warn_of_threads(context, config.run.compute.threads, "lineval");
  if (!settings.run.empty()) take_up_plans(context, settings.run);
  const Data data = open_both(settings);
  const Subject subject = subject_of(context, settings, *data.train);
  const Representation representation(*subject.encoder, subject.head ? &*subject.head : nullptr, settings.tap);
  const std::int64_t dimensions = representation.features();
  const int classes = label_set(*data.train, settings.label_set, "--labels").classes;
  const bool redrawn = protocol.redraw && data.train->varies();
  ResultStore store(result_directory(settings),
                    most_bytes_of_results(dimensions, classes, protocol.learning_rates.size()));
  EvaluationResults results{
      .settings = settings,
      .arch = subject.arch,
      .step = subject.step,
      .encoder_sha256 = encoder_sha256(subject.parameters),
      .redrawn = redrawn,
      .protocol = protocol_text(protocol, redrawn, representation, data.train->describe() + subject.input),
      .features = dimensions,
      .neighbours = std::min(protocol.neighbours, data.train->size()),
      .knn = 0,
      .probe = {}};

  const Features train = features_of(context, settings, representation, *data.train, "the training set");
  const Features test = features_of(context, settings, representation, *data.test, "the test set");
  if (!settings.save_features.empty()) {
    write_features(settings.save_features, "train", train);
    write_features(settings.save_features, "test", test);
  }
  results.knn = nearest_neighbours(train, test, results.neighbours);
  // From here on the training features may be overwritten.
  results.probe = redrawn ? train_redrawn_probe(context, settings, representation, *data.train, train, test)
                          : train_probe(train, test, protocol);
  EXPECTS(encoder_sha256(subject.parameters) == results.encoder_sha256,
          "lineval: the encoder changed during its evaluation; the figures are void");

  if (const std::string text = text_of_skipped(data.skipped.get()); !text.empty()) std::cerr << text << '\n';
  std::cerr << "protocol: " << results.protocol << '\n';
  print_and_store(results, store);
  if (config.run.report) draw_report(settings.run);
}

}  // namespace apps
