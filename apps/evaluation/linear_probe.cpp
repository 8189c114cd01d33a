#include "apps/evaluation/linear_probe.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <tuple>

#include "apps/evaluation/column_scaling.h"
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

/// Features, standardised if there is a scaling.
struct Input {
  Tensor features;
  const ColumnScaling* scaling = nullptr;

  Tensor rows(std::int64_t begin, std::int64_t count) const {
    const Tensor chosen = features.narrow(begin, count);
    return scaling ? (*scaling)(chosen) : chosen;
  }
};

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
  std::vector<double> accuracies(const Input& input, const std::vector<std::int32_t>& truth,
                                 const std::function<void()>& progress) const {
    constexpr std::int64_t kRows = 4096;
    const auto size = static_cast<std::int64_t>(truth.size());
    std::vector<double> right(static_cast<std::size_t>(grid_));
    for (std::int64_t begin = 0; begin < size; begin += kRows) {
      if (begin > 0) progress();
      const Tensor rows = input.rows(begin, std::min(kRows, size - begin));
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

Tensor gather(const Tensor& features, const std::vector<std::int32_t>& rows) {
  const engine::Context& context = features.context();
  const auto count = static_cast<std::int64_t>(rows.size());
  const Tensor chosen = Tensor::empty(context, {count, features.shape()[1]});
  kernels::gather_rows(context, {.x = features, .rows = Tensor::from(context, {count}, rows), .y = chosen});
  return chosen;
}

/// `labels` of these rows, each repeated.
std::vector<std::int32_t> gather(const std::vector<std::int32_t>& labels, const std::vector<std::int32_t>& rows,
                                 std::int64_t repeat = 1) {
  std::vector<std::int32_t> chosen;
  for (const std::int32_t row : rows) {
    chosen.insert(chosen.end(), static_cast<std::size_t>(repeat), labels[static_cast<std::size_t>(row)]);
  }
  return chosen;
}

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

/// One task while it is trained.
class Training {
 public:
  Training(const ProbeTask& task, const engine::Context& context, std::int64_t features,
           const std::vector<double>& peaks, const std::vector<std::int32_t>& held)
      : task_(task),
        grid_(static_cast<std::int64_t>(peaks.size())),
        classifiers_(context, features, task.labels.classes, peaks) {
    read_labels();
    held_labels_ = gather(labels_, held);
  }

  bool standardized() const { return task_.standardized; }
  /// To be called after the labels have changed.
  void read_labels() { labels_ = task_.labels.train.to_host<std::int32_t>(); }

  /// A step on these rows of the training set.
  void step(const Tensor& batch, const std::vector<std::int32_t>& rows, float factor) {
    const std::vector<std::int32_t> labels = gather(labels_, rows, grid_);
    classifiers_.step(batch, Tensor::from(batch.context(), {static_cast<std::int64_t>(labels.size())}, labels), factor);
  }

  LinearProbeResult result(const Input& held, const Input& test, const std::vector<double>& rates,
                           const std::function<void()>& progress) const {
    const std::vector<double> on_held = classifiers_.accuracies(held, held_labels_, progress);
    const std::vector<double> on_test =
        classifiers_.accuracies(test, task_.labels.test.to_host<std::int32_t>(), progress);
    LinearProbeResult result;
    for (std::size_t i = 0; i < rates.size(); ++i) {
      result.grid.push_back({.learning_rate = rates[i],
                             .diverged = std::isnan(on_held[i]) || std::isnan(on_test[i]),
                             .holdout_accuracy = on_held[i],
                             .test_accuracy = on_test[i]});
    }
    const std::size_t best = best_of(result.grid);
    result.best = result.grid[best];
    std::tie(result.weight, result.bias) = classifiers_.parameters(static_cast<std::int64_t>(best));
    if (test.scaling) test.scaling->fold_into(result.weight, result.bias);
    return result;
  }

 private:
  const ProbeTask& task_;
  std::int64_t grid_;
  Classifiers classifiers_;
  std::vector<std::int32_t> labels_, held_labels_;
};

}  // namespace

void check_enough_examples(std::int64_t size, const LinearEvaluation& protocol) {
  const std::int64_t held = held_out(size, protocol);
  if (held > 0 && size - held >= protocol.batch_size) return;
  throw engine::DataError(engine::concat("linear evaluation: ", size, " training examples are too few for batches of ",
                                         protocol.batch_size, " beside a held-out part of ", held,
                                         "; lower --batch-size or give more data"));
}

std::vector<LinearProbeResult> train_linear_probes(const Tensor& train, const Tensor& test,
                                                   std::span<const ProbeTask> tasks, const LinearEvaluation& protocol,
                                                   const std::function<void(std::int64_t, std::int64_t)>& progress,
                                                   const std::function<void(std::int64_t)>& redraw) {
  const std::int64_t size = train.shape()[0], held_count = held_out(size, protocol);
  check_enough_examples(size, protocol);
  const auto seed = static_cast<std::uint64_t>(protocol.seed);
  // The held-out examples depend only on the seed. This is epoch 0; the shuffles of training use the following epochs.
  const data::Permutation split(size, seed, 0);
  std::vector<std::int32_t> held, kept;
  for (std::int64_t i = 0; i < size; ++i) (i < held_count ? held : kept).push_back(static_cast<std::int32_t>(split(i)));
  const Tensor held_features = gather(train, held);

  std::vector<double> peaks;
  for (const double rate : protocol.learning_rates) {
    peaks.push_back(engine::scaled_learning_rate(rate, engine::LearningRateScaling::linear, protocol.batch_size));
  }
  std::vector<Training> trainings;
  for (const ProbeTask& task : tasks) trainings.emplace_back(task, train.context(), train.shape()[1], peaks, held);
  std::optional<ColumnScaling> scaling;
  if (std::any_of(tasks.begin(), tasks.end(), [](const ProbeTask& task) { return task.standardized; }))
    scaling = ColumnScaling::standardize(train.context(), ColumnMoments::of(train));

  const auto kept_count = static_cast<std::int64_t>(kept.size());
  const std::int64_t per_epoch = kept_count / protocol.batch_size, steps = per_epoch * protocol.epochs;
  const engine::Schedule schedule{.peak = 1, .decay = engine::Decay::cosine, .steps = steps};
  for (std::int64_t epoch = 0; epoch < protocol.epochs; ++epoch) {
    if (redraw && epoch > 0) {
      redraw(epoch);
      for (Training& training : trainings) training.read_labels();
    }
    const data::Permutation shuffle(kept_count, seed, static_cast<std::uint64_t>(epoch + 1));
    for (std::int64_t i = 0; i < per_epoch; ++i) {
      std::vector<std::int32_t> rows;
      for (std::int64_t j = i * protocol.batch_size; j < (i + 1) * protocol.batch_size; ++j)
        rows.push_back(kept[static_cast<std::size_t>(shuffle(j))]);
      const Tensor batch = gather(train, rows), scaled = scaling ? (*scaling)(batch) : Tensor();
      const std::int64_t step = epoch * per_epoch + i;
      const auto factor = static_cast<float>(schedule.at(step));
      for (Training& training : trainings) training.step(training.standardized() ? scaled : batch, rows, factor);
      if (progress) progress(step + 1, steps);
    }
  }

  const auto still_going = [&] {
    if (progress) progress(steps, steps);
  };
  std::vector<LinearProbeResult> results;
  for (const Training& training : trainings) {
    const ColumnScaling* of_task = training.standardized() ? &*scaling : nullptr;
    results.push_back(training.result({held_features, of_task}, {test, of_task}, protocol.learning_rates, still_going));
  }
  return results;
}

}  // namespace apps
