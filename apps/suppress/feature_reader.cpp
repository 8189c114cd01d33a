#include "apps/suppress/feature_reader.h"

#include <algorithm>
#include <exception>
#include <set>

#include "apps/evaluation/geometry.h"
#include "apps/evaluation/ranks.h"
#include "apps/evaluation/ridge_probe.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/run_data.h"
#include "apps/run/signals.h"
#include "apps/suppress/shown.h"

namespace apps {
namespace {

using engine::Tensor;

struct Stopped {};

std::shared_ptr<const data::Source> open(const Config& config, data::Role role) {
  return open_data(config.data, role, config.train.seed, notes_of_skipped(config.data));
}

/// The examples with their labels, and without their pixels.
std::vector<data::Example> labels_of(const data::Source& source, const AugmentationOptions& augment) {
  const data::DecodeHint hint = decode_hint(evaluation_rules(augment, source), source);
  std::vector<data::Example> all;
  data::Example example;
  for (std::int64_t i = 0; i < source.size(); ++i) {
    if (stop_signal() != 0) break;  // the run ends before anything is read
    source.read({.example = i, .fetch = static_cast<std::uint64_t>(i)}, hint, example);
    data::Example& kept = all.emplace_back();
    kept.labels = example.labels;
    kept.bits = example.bits;
  }
  return all;
}

Rows rows_of(const Tensor& values) { return {.values = values.to_host<float>(), .columns = values.shape()[1]}; }

bool has_several_values(const std::vector<std::int32_t>& labels) {
  return std::ranges::adjacent_find(labels, std::ranges::not_equal_to()) != labels.end();
}

/// Of the images, some whose planted features all differ.
std::vector<std::int64_t> donors_of(const std::vector<Shown::Choice>& choices,
                                    const std::vector<data::Example>& examples, std::size_t first_label,
                                    std::size_t labels) {
  std::set<std::vector<std::int32_t>> seen;
  std::vector<std::int64_t> donors;
  for (std::size_t i = 0; i < examples.size() && donors.size() < FeatureReader::kMostValues; ++i) {
    const auto first = examples[i].labels.begin() + static_cast<std::ptrdiff_t>(first_label);
    if (seen.emplace(first, first + static_cast<std::ptrdiff_t>(labels)).second) donors.push_back(choices[i].example);
  }
  return donors;
}

}  // namespace

FeatureReader::FeatureReader(const engine::Context& context, const Config& config, const Options& options)
    : context_(context), config_([&] {
        Config shown = config;
        shown.data.source = options.images;
        return shown;
      }()) {
  const auto train = open(config_, data::Role::probe_train), test = open(config_, data::Role::probe_test);
  const std::vector<Shown::Choice> trained = spread_choices(train->size(), options.most),
                                   tested = spread_choices(test->size(), options.most);
  train_ = std::make_shared<Shown>(train, trained);
  test_ = std::make_shared<Shown>(test, tested);
  const std::vector<data::Example> train_labels = labels_of(*train_, config_.data.augment),
                                   test_labels = labels_of(*test_, config_.data.augment);
  if (stop_signal() != 0) return;
  std::size_t first_label = 0;
  for (const data::LabelSet& set : test->layout().labels) {
    const bool is_planted = set.name == options.planted;
    // Without its feature, an arm still has its labels, so that its network is the same.
    if (is_planted || (set.name != data::kBitsLabel && set.name != "planted"))
      add_probed(set, train_labels, test_labels, first_label);
    if (is_planted) {
      const auto labels = static_cast<std::size_t>(set.per_example);
      const std::vector<std::int64_t> donors = donors_of(tested, test_labels, first_label, labels);
      if (donors.size() > 1) {
        donors_ = static_cast<std::int64_t>(donors.size());
        crossed_ =
            std::make_shared<Shown>(test, crossed_choices(spread_choices(test->size(), options.crossed), donors));
      }
    }
    first_label += static_cast<std::size_t>(set.per_example);
  }
}

void FeatureReader::add_probed(const data::LabelSet& set, const std::vector<data::Example>& train,
                               const std::vector<data::Example>& test, std::size_t first_label) {
  const bool bits = set.name == data::kBitsLabel;
  const data::InputLayout& of_train = train_->layout();
  const auto same = of_train.find(set.name);
  if ((set.per_example != 1 && !bits) || !same || of_train.labels[*same] != set) {
    left_out_.push_back(set.name + ": an image has several labels of it");
    return;
  }
  Probed probed{.name = set.name, .train = {}, .test = {}, .classes = bits ? 2 : set.classes};
  for (int part = 0; part < set.per_example; ++part) {
    const auto of_part = [&](const std::vector<data::Example>& examples) {
      std::vector<std::int32_t> labels;
      for (const data::Example& example : examples)
        labels.push_back(example.labels[first_label + static_cast<std::size_t>(part)] - (bits ? 2 * part : 0));
      return labels;
    };
    probed.train.push_back(of_part(train));
    probed.test.push_back(of_part(test));
  }
  const auto varies = [](const std::vector<std::vector<std::int32_t>>& parts) {
    return std::ranges::all_of(parts, has_several_values);
  };
  if (varies(probed.train) && varies(probed.test))
    probed_.push_back(std::move(probed));
  else
    left_out_.push_back(set.name + ": the images that are shown have one class");
}

Features FeatureReader::extract(const Objective& objective, const data::Source& source) const {
  return extract_features(context_, objective.representation(Representation::kFeatures), source,
                          {.rules = evaluation_rules(config_.data.augment, source),
                           .images = activation_dtype(config_.run.compute.precision),
                           .workers = config_.data.loader.workers},
                          [](std::int64_t) {
                            if (stop_signal() != 0) throw Stopped();
                          });
}

std::optional<Observation> FeatureReader::read(const Objective& objective, std::int64_t step) const try {
  if (stop_signal() != 0) return std::nullopt;
  Observation observation{.step = step};
  const Tensor test = extract(objective, *test_).values;
  observation.features.rank = effective_ranks(test).rank_me;
  observation.embeddings.rank = effective_ranks(objective.embeddings(test)).rank_me;
  if (!probed_.empty()) {
    std::vector<ProbeTask> tasks;
    for (const Probed& probed : probed_) {
      for (std::size_t part = 0; part < probed.train.size(); ++part)
        tasks.push_back({.train = probed.train[part], .test = probed.test[part], .classes = probed.classes});
    }
    const std::vector<ProbeScore> scores =
        ridge_probe(rows_of(extract(objective, *train_).values), rows_of(test), tasks);
    auto score = scores.begin();
    for (const Probed& probed : probed_) {
      Reading reading{.name = probed.name};
      std::vector<std::uint8_t> all(probed.test.front().size(), 1);
      const auto parts = static_cast<double>(probed.train.size());
      for (std::size_t part = 0; part < probed.train.size(); ++part, ++score) {
        reading.accuracy += score->accuracy / parts;
        reading.chance += score->chance / parts;
        for (std::size_t i = 0; i < all.size(); ++i) all[i] &= score->correct[i];
      }
      if (probed.name == data::kBitsLabel)
        reading.all = static_cast<double>(std::ranges::count(all, std::uint8_t{1})) / static_cast<double>(all.size());
      observation.readings.push_back(reading);
    }
  }
  if (crossed_) measure_cosines(objective, observation);
  return observation;
} catch (const Stopped&) { return std::nullopt; }

void FeatureReader::measure_cosines(const Objective& objective, Observation& observation) const {
  const Tensor features = extract(objective, *crossed_).values;
  std::vector<std::int64_t> images, values;  // of each row: crossed_choices puts the donors of an image one by one
  for (std::int64_t i = 0; i < crossed_->size(); ++i) {
    images.push_back(i / donors_);
    values.push_back(i % donors_);
  }
  const Partition of_image = Partition::of(images), of_value = Partition::of(values);
  for (const auto& [rows, space] : {std::pair(features, &observation.features),
                                    std::pair(objective.embeddings(features), &observation.embeddings)}) {
    const ValueCosines cosines = value_cosines(centred_unit_rows(rows_of(rows)), of_image, of_value);
    space->same_value = cosines.other_image_same_value;
    space->same_image = cosines.same_image_other_value;
  }
}

}  // namespace apps
