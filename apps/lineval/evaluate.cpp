#include "apps/lineval/evaluate.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "apps/evaluation/knn.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/label_set.h"
#include "apps/input/run_data.h"
#include "apps/lineval/feature_files.h"
#include "apps/lineval/result_store.h"
#include "apps/lineval/stop.h"
#include "apps/lineval/subject.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/report_tool.h"
#include "apps/train/make_context.h"
#include "apps/train/online_probe.h"
#include "apps/train/parameter_files.h"
#include "apps/train/plans.h"
#include "apps/train/run_result.h"

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
  return data;
}

/// The label sets to evaluate, checked.
std::vector<data::LabelSet> label_sets(const EvaluationSettings& settings, const Data& data) {
  std::vector<data::LabelSet> sets;
  for (const std::string& name : settings.label_sets) {
    for (const data::Source* source : {data.train.get(), data.test.get()}) {
      const data::LabelSet labels = label_set(*source, name, "--labels");
      if (labels.per_example > 1)
        throw UsageError(engine::concat("--labels ", labels.name, ": an example has ", labels.per_example,
                                        " of these labels, and a linear evaluation needs one; name another set"));
      if (labels.classes < 2)
        throw engine::DataError(engine::concat("--labels ", labels.name, ": ", source->describe(),
                                               " has only one class, and a classifier needs two to tell apart"));
      if (source == data.train.get()) sets.push_back(labels);
    }
  }
  return sets;
}

Extraction extraction(const EvaluationSettings& settings, const data::Source& source, std::int64_t epoch = 0) {
  const Config& config = settings.config;
  return {.rules = evaluation_rules(config.data.augment, source),
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

using ProbeResults = std::vector<LinearProbeResult>;

ProbeResults train_probes(const Features& train, const Features& test, const std::vector<ProbeTask>& tasks,
                          const LinearEvaluation& protocol) {
  std::optional<Progress> progress;
  return train_linear_probes(train.values, test.values, tasks, protocol, [&](std::int64_t done, std::int64_t steps) {
    if (!progress) progress.emplace(Progress::Job{.label = "lineval", .unit = "steps", .total = steps});
    progress->update(done);
    stop_if_asked();
  });
}

/// The same with the features of each epoch computed anew, over those of the one before. That takes nearly all of the
/// time, so the progress is the number of images.
ProbeResults train_redrawn_probes(const engine::Context& context, const EvaluationSettings& settings,
                                  const Representation& representation, const data::Source& source,
                                  const Features& train, const Features& test, const std::vector<ProbeTask>& tasks) {
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
  return train_linear_probes(
      train.values, test.values, tasks, protocol, [](std::int64_t, std::int64_t) { stop_if_asked(); }, redraw);
}

std::vector<double> nearest_neighbours(const Features& train, const Features& test,
                                       const std::vector<SplitLabels>& labels, const KnnOptions& options) {
  Progress progress({.label = "nearest neighbours", .unit = "images", .total = test.values.shape()[0]});
  return knn_accuracies(train.values, test.values, labels, options, [&](std::int64_t done) {
    progress.update(done);
    stop_if_asked();
  });
}

void save_features(const fs::path& directory, const std::string& split, const Features& features,
                   const std::vector<data::LabelSet>& sets) {
  write_features(directory, split + "_features", features.values);
  for (const data::LabelSet& set : sets)
    write_labels(directory, split + "_labels" + (sets.size() > 1 ? "_" + set.name : ""), features.targets.at(set.name));
}

/// The accuracy of the run's own probe for these features and labels, on the same test images.
std::optional<double> online_top1(const EvaluationSettings& settings, const Subject& subject, const data::Source& test,
                                  const data::LabelSet& set) {
  if (settings.run.empty() || settings.random_init || settings.other_data) return std::nullopt;
  const std::string probe = online_probe_name(settings.tap, set.name, test.layout().labels.front().name);
  return online_accuracy(settings.run, subject.step, probe);
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

std::vector<Accuracies> evaluate(const EvaluationSettings& settings) {
  const Config& config = settings.config;
  const LinearEvaluation& protocol = config.lineval;
  const engine::Context context = make_context(config.run.compute);
  warn_of_threads(context, config.run.compute.threads, "lineval");
  if (!settings.run.empty()) take_up_plans(context, settings.run);
  const Data data = open_both(settings);
  const std::vector<data::LabelSet> sets = label_sets(settings, data);
  const Subject subject = subject_of(context, settings, *data.train);
  const Representation representation(*subject.encoder, subject.head ? &*subject.head : nullptr, settings.tap);
  const bool redrawn = protocol.redraw && data.train->varies();
  EvaluationResults common{
      .settings = settings,
      .arch = subject.arch,
      .step = subject.step,
      .encoder_sha256 = encoder_sha256(subject.parameters),
      .redrawn = redrawn,
      .protocol = protocol_text(settings, redrawn, representation, data.train->describe() + subject.input),
      .features = representation.features(),
      .neighbours = std::min(protocol.knn.k, data.train->size())};
  std::list<ResultStore> stores;
  for (std::size_t i = 0; i < sets.size(); ++i)
    stores.emplace_back(result_directory(settings, settings.label_sets[i]),
                        most_bytes_of_results(common.features, sets[i].classes, protocol));

  const Features train = features_of(context, settings, representation, *data.train, "the training set");
  const Features test = features_of(context, settings, representation, *data.test, "the test set");
  if (!settings.save_features.empty()) {
    save_features(settings.save_features, "train", train, sets);
    save_features(settings.save_features, "test", test, sets);
  }
  std::vector<SplitLabels> labels;
  for (const data::LabelSet& set : sets)
    labels.push_back({train.targets.at(set.name), test.targets.at(set.name), set.classes});
  const std::vector<double> knn = nearest_neighbours(train, test, labels, protocol.knn);
  // From here on the training features may be overwritten.
  std::vector<ProbeTask> tasks;
  for (const SplitLabels& of_set : labels) {
    tasks.push_back({.labels = of_set});
    if (protocol.standardize) tasks.push_back({.labels = of_set, .standardized = true});
  }
  ProbeResults probes = redrawn
                            ? train_redrawn_probes(context, settings, representation, *data.train, train, test, tasks)
                            : train_probes(train, test, tasks, protocol);
  EXPECTS(encoder_sha256(subject.parameters) == common.encoder_sha256,
          "lineval: the encoder changed during its evaluation; the figures are void");

  if (const std::string text = text_of_skipped(data.skipped.get()); !text.empty()) std::cerr << text << '\n';
  std::cerr << "protocol: " << common.protocol << '\n';
  std::vector<Accuracies> accuracies;
  auto store = stores.begin();
  auto probe = std::make_move_iterator(probes.begin());
  for (std::size_t i = 0; i < sets.size(); ++i, ++store) {
    EvaluationResults results = common;
    results.label_set = settings.label_sets[i];
    results.knn = knn[i];
    results.online_top1 = online_top1(settings, subject, *data.test, sets[i]);
    results.probe = *probe++;
    if (protocol.standardize) results.standardized = *probe++;
    print_and_store(results, *store);
    accuracies.push_back(accuracies_of(results));
  }
  if (config.run.report) draw_report(settings.run);
  return accuracies;
}

}  // namespace apps
