#include "apps/evaluation/linear_probe.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>

#include "apps/run/exit_code.h"
#include "data/permutation.h"
#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/linear.h"
#include "engine/ops/reshape.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/optim/schedule.h"
#include "kernels/linear_evaluation.h"

namespace apps {
namespace {

using engine::Shape;
using engine::Tensor;

constexpr float kMomentum = 0.9f;

/// The classifiers of all learning rates of the grid, stacked: weight [G*K,F], bias [G*K].
class Classifiers {
 public:
  Classifiers(const engine::Context& context, std::int64_t features, int classes, const std::vector<double>& rates)
      : grid_(static_cast<std::int64_t>(rates.size())), classes_(classes) {
    const std::int64_t rows = grid_ * classes_;
    weight_ = Tensor::zeros(context, {rows, features}).requires_gradient();
    bias_ = Tensor::zeros(context, {rows}).requires_gradient();
    weight_velocity_ = Tensor::zeros(context, {rows, features});
    bias_velocity_ = Tensor::zeros(context, {rows});
    std::vector<float> row_rates;
    for (const double rate : rates)
      row_rates.insert(row_rates.end(), static_cast<std::size_t>(classes), static_cast<float>(rate));
    rates_ = Tensor::from(context, {rows}, row_rates);
  }

  /// One step on the mean cross-entropy of every classifier; `factor` scales all learning rates.
  void step(const Tensor& features, const Tensor& repeated_labels, float factor) {
    weight_.node()->written = bias_.node()->written = false;
    const Tensor loss = engine::softmax_cross_entropy(logits(features), repeated_labels).loss;
    engine::backward(engine::scale(loss, static_cast<float>(grid_)));  // turns the mean over the grid into a sum
    update(weight_, weight_velocity_, factor);
    update(bias_, bias_velocity_, factor);
  }

  /// Accuracy of each classifier; NaN if one of its scores is not finite. `progress()` is called between batches.
  std::vector<double> accuracies(const Features& features, const std::function<void()>& progress) const {
    constexpr std::int64_t kRows = 4096;
    const std::vector<std::int32_t> truth = features.labels.to_host<std::int32_t>();
    const auto size = static_cast<std::int64_t>(truth.size());
    std::vector<double> right(static_cast<std::size_t>(grid_));
    for (std::int64_t begin = 0; begin < size; begin += kRows) {
      if (begin > 0) progress();
      const Tensor rows = features.values.narrow(begin, std::min(kRows, size - begin));
      count_right(engine::linear(rows, weight_.detach(), bias_.detach()).to_host<float>(),
                  std::span(truth).subspan(static_cast<std::size_t>(begin)), right);
    }
    for (double& count : right) count /= static_cast<double>(size);
    return right;
  }

  /// {weight [K,F], bias [K]} of one classifier.
  std::pair<std::vector<float>, std::vector<float>> parameters(std::int64_t index) const {
    return {weight_.narrow(index * classes_, classes_).to_host<float>(),
            bias_.narrow(index * classes_, classes_).to_host<float>()};
  }

 private:
  /// [B*G,K]: the G rows of an example are consecutive.
  Tensor logits(const Tensor& features) const {
    return engine::reshape(engine::linear(features, weight_, bias_), {features.shape()[0] * grid_, classes_});
  }
  /// Adds to `right` the number of rows of scores [rows,G,K] whose maximum is at the label; NaN if a score is not
  /// finite.
  void count_right(const std::vector<float>& scores, std::span<const std::int32_t> labels,
                   std::vector<double>& right) const {
    std::size_t i = 0;
    for (const float* row = scores.data(); row != scores.data() + scores.size(); ++i) {
      for (double& count : right) {
        if (!std::all_of(row, row + classes_, [](float score) { return std::isfinite(score); })) count = std::nan("");
        count += std::max_element(row, row + classes_) - row == labels[i] ? 1 : 0;
        row += classes_;
      }
    }
  }
  void update(const Tensor& value, const Tensor& velocity, float factor) const {
    const Shape matrix{grid_ * classes_, value.elements() / (grid_ * classes_)};
    kernels::rowwise_sgd(value.context(), {.value = value.view_as(matrix),
                                           .velocity = velocity.view_as(matrix),
                                           .gradient = value.gradient().view_as(matrix),
                                           .rates = rates_,
                                           .factor = factor,
                                           .momentum = kMomentum});
  }

  std::int64_t grid_, classes_;
  Tensor weight_, bias_, weight_velocity_, bias_velocity_, rates_;
};

/// Rows of the training set, and batches of them.
class Rows {
 public:
  Rows(const Features& features, std::vector<std::int32_t> rows) : features_(features), rows_(std::move(rows)) {
    read_labels();
  }
  /// To be called after the labels of the features have changed.
  void read_labels() { labels_ = features_.labels.to_host<std::int32_t>(); }
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }

  Features all() const { return select(std::vector<std::int32_t>(rows_), 1); }
  /// `count` rows starting at `begin`, in the order of `shuffle`; every label is repeated `repeat` times.
  Features batch(const data::Permutation& shuffle, std::int64_t begin, std::int64_t count, std::int64_t repeat) const {
    std::vector<std::int32_t> chosen;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      chosen.push_back(rows_[static_cast<std::size_t>(shuffle(i))]);
    }
    return select(chosen, repeat);
  }

 private:
  Features select(const std::vector<std::int32_t>& chosen, std::int64_t repeat) const {
    const engine::Context& context = features_.values.context();
    const auto count = static_cast<std::int64_t>(chosen.size());
    const Tensor values = Tensor::empty(context, {count, features_.values.shape()[1]});
    kernels::gather_rows(context, {.x = features_.values, .rows = Tensor::from(context, {count}, chosen), .y = values});
    std::vector<std::int32_t> labels;
    for (const std::int32_t row : chosen) {
      labels.insert(labels.end(), static_cast<std::size_t>(repeat), labels_[static_cast<std::size_t>(row)]);
    }
    return {values, Tensor::from(context, {count * repeat}, labels), features_.classes};
  }

  const Features& features_;
  std::vector<std::int32_t> rows_;
  std::vector<std::int32_t> labels_;
};

std::int64_t held_out(std::int64_t size, const LinearEvaluation& protocol) {
  return static_cast<std::int64_t>(protocol.holdout * static_cast<double>(size));
}

/// The index of the largest accuracy on the held-out part; on a tie, the first.
std::size_t best_of(const std::vector<LinearProbeResult::Point>& grid) {
  std::size_t best = grid.size();
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (grid[i].diverged) continue;
    if (best == grid.size() || grid[i].holdout_accuracy > grid[best].holdout_accuracy) best = i;
  }
  if (best < grid.size()) return best;
  throw NonFiniteError(
      engine::concat("linear evaluation: every classifier diverged (their scores are not finite), and no accuracy can "
                     "be told; give smaller --learning-rates than ",
                     std::min_element(grid.begin(), grid.end(), [](const auto& a, const auto& b) {
                       return a.learning_rate < b.learning_rate;
                     })->learning_rate));
}

}  // namespace

void check_enough_examples(std::int64_t size, const LinearEvaluation& protocol) {
  const std::int64_t held = held_out(size, protocol);
  if (held > 0 && size - held >= protocol.batch_size) return;
  throw engine::DataError(engine::concat("linear evaluation: ", size, " training examples are too few for batches of ",
                                         protocol.batch_size, " beside a held-out part of ", held,
                                         "; lower --batch-size or give more data"));
}

LinearProbeResult train_linear_probe(const Features& train, const Features& test, const LinearEvaluation& protocol,
                                     const std::function<void(std::int64_t, std::int64_t)>& progress,
                                     const std::function<void(std::int64_t)>& redraw) {
  const std::int64_t size = train.values.shape()[0], held = held_out(size, protocol);
  check_enough_examples(size, protocol);
  const auto seed = static_cast<std::uint64_t>(protocol.seed);
  // The held-out examples depend only on the seed. This is epoch 0; the shuffles of training use the following epochs.
  const data::Permutation split(size, seed, 0);
  std::vector<std::int32_t> order(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) order[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(split(i));
  const Features holdout = Rows(train, {order.begin(), order.begin() + held}).all();
  Rows kept(train, {order.begin() + held, order.end()});

  const engine::Context& context = train.values.context();
  std::vector<double> peaks;
  for (const double rate : protocol.learning_rates) {
    peaks.push_back(engine::scaled_learning_rate(rate, engine::LearningRateScaling::linear, protocol.batch_size));
  }
  Classifiers classifiers(context, train.values.shape()[1], train.classes, peaks);
  const auto grid = static_cast<std::int64_t>(peaks.size());
  const std::int64_t per_epoch = kept.size() / protocol.batch_size, steps = per_epoch * protocol.epochs;
  const engine::Schedule schedule{.peak = 1, .decay = engine::Decay::cosine, .steps = steps};
  for (std::int64_t epoch = 0; epoch < protocol.epochs; ++epoch) {
    if (redraw && epoch > 0) {
      redraw(epoch);
      kept.read_labels();
    }
    const data::Permutation shuffle(kept.size(), seed, static_cast<std::uint64_t>(epoch + 1));
    for (std::int64_t i = 0; i < per_epoch; ++i) {
      const Features batch = kept.batch(shuffle, i * protocol.batch_size, protocol.batch_size, grid);
      const std::int64_t step = epoch * per_epoch + i;
      classifiers.step(batch.values, batch.labels, static_cast<float>(schedule.at(step)));
      if (progress) progress(step + 1, steps);
    }
  }

  const auto still_going = [&] {
    if (progress) progress(steps, steps);
  };
  const std::vector<double> holdout_accuracy = classifiers.accuracies(holdout, still_going);
  const std::vector<double> test_accuracy = classifiers.accuracies(test, still_going);
  LinearProbeResult result;
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    result.grid.push_back({.learning_rate = protocol.learning_rates[i],
                           .diverged = std::isnan(holdout_accuracy[i]) || std::isnan(test_accuracy[i]),
                           .holdout_accuracy = holdout_accuracy[i],
                           .test_accuracy = test_accuracy[i]});
  }
  const std::size_t best = best_of(result.grid);
  result.best = result.grid[best];
  std::tie(result.weight, result.bias) = classifiers.parameters(static_cast<std::int64_t>(best));
  return result;
}

}  // namespace apps
