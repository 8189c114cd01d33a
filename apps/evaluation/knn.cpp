#include "apps/evaluation/knn.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "apps/evaluation/column_scaling.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/linear.h"
#include "kernels/linear_evaluation.h"

namespace apps {

using engine::Tensor;

namespace {

/// Queries at once: on a CPU as many as a cache profits from, on a GPU so many that all of it has work. Their
/// similarities to 60,000 examples take 57 MiB and 940 MiB.
std::int64_t most_queries(const engine::Context& context) { return context.on_cuda() ? 4096 : 250; }

/// Minus the sum of squares of each row.
std::vector<float> minus_squares(const Tensor& rows) {
  constexpr std::int64_t kRows = 4096;  // a large set is copied to the host in parts
  const std::int64_t size = rows.shape()[0], columns = rows.shape()[1];
  std::vector<float> result;
  for (std::int64_t begin = 0; begin < size; begin += kRows) {
    const std::int64_t count = std::min(kRows, size - begin);
    const std::vector<float> values = rows.narrow(begin, count).to_host<float>();
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = values.data() + i * columns;
      double sum = 0;
      for (std::int64_t j = 0; j < columns; ++j) sum += static_cast<double>(row[j]) * static_cast<double>(row[j]);
      result.push_back(static_cast<float>(-sum));
    }
  }
  return result;
}

/// How near the candidates are to queries, as one matrix product.
class Nearness {
 public:
  Nearness(const Tensor& candidates, KnnMetric metric) {
    switch (metric) {
      case KnnMetric::cosine: candidates_ = engine::l2_normalize(candidates); break;
      case KnnMetric::euclidean: {
        // -|q - c|^2 = 2 q c - |c|^2 - |q|^2. The last term is the same for all candidates of a query, which changes
        // neither their order nor the ratios of their votes. Without their mean, features are small against it, and the
        // difference of the large terms keeps its digits.
        const ColumnMoments moments = ColumnMoments::of(candidates);
        candidates_ = ColumnScaling::centre(candidates.context(), moments, 1)(candidates);
        twice_centred_ = ColumnScaling::centre(candidates.context(), moments, 2);
        minus_squares_ = Tensor::from(candidates.context(), {candidates.shape()[0]}, minus_squares(candidates_));
      }
    }
  }
  /// [Q,F] -> [Q, candidates]
  Tensor operator()(const Tensor& queries) const {
    return engine::linear(twice_centred_ ? (*twice_centred_)(queries) : engine::l2_normalize(queries), candidates_,
                          minus_squares_);
  }

 private:
  Tensor candidates_, minus_squares_;
  std::optional<ColumnScaling> twice_centred_;
};

/// By which a similarity is divided before it becomes a vote.
float divisor(const KnnOptions& options) {
  switch (options.weights) {
    case KnnWeights::similarity: return static_cast<float>(options.temperature);
    case KnnWeights::uniform: break;
  }
  return std::numeric_limits<float>::infinity();  // exp(s / infinity) = 1
}

/// How many of the queries get the label `truth[i]` by the vote of the candidates.
std::int64_t count_right(const Tensor& similarities, const Tensor& labels, int classes, const KnnOptions& options,
                         const std::int32_t* truth) {
  const std::int64_t count = similarities.shape()[0];
  const Tensor predicted = Tensor::empty(similarities.context(), {count}, engine::Dtype::i32);
  kernels::knn_vote(similarities.context(), {.similarities = similarities,
                                             .labels = labels,
                                             .predicted = predicted,
                                             .k = static_cast<int>(options.k),
                                             .classes = classes,
                                             .temperature = divisor(options)});
  const std::vector<std::int32_t> guesses = predicted.to_host<std::int32_t>();
  return std::inner_product(guesses.begin(), guesses.end(), truth, std::int64_t{0}, std::plus<>(),
                            [](std::int32_t guess, std::int32_t label) { return guess == label ? 1 : 0; });
}

std::vector<double> shares(const std::vector<std::int64_t>& counts, std::int64_t size) {
  std::vector<double> result;
  for (const std::int64_t count : counts) result.push_back(static_cast<double>(count) / static_cast<double>(size));
  return result;
}

}  // namespace

std::vector<double> knn_accuracies(const Tensor& train, const Tensor& test, std::span<const SplitLabels> sets,
                                   const KnnOptions& options, const std::function<void(std::int64_t done)>& progress) {
  const Nearness nearness(train, options.metric);
  std::vector<std::vector<std::int32_t>> truth;
  for (const SplitLabels& labels : sets) truth.push_back(labels.test.to_host<std::int32_t>());
  const std::int64_t size = test.shape()[0];
  std::vector<std::int64_t> right(sets.size());
  const std::int64_t most = most_queries(train.context());
  for (std::int64_t begin = 0; begin < size; begin += most) {
    const std::int64_t count = std::min(most, size - begin);
    const Tensor similarities = nearness(test.narrow(begin, count));
    for (std::size_t i = 0; i < sets.size(); ++i)
      right[i] += count_right(similarities, sets[i].train, sets[i].classes, options, truth[i].data() + begin);
    if (progress) progress(begin + count);
  }
  return shares(right, size);
}

std::vector<double> knn_accuracy_across_images(const Tensor& rows, const Partition& images,
                                               const std::vector<Partition>& labels, const KnnOptions& options,
                                               const std::function<void(std::int64_t done)>& progress) {
  const Tensor unit = engine::l2_normalize(rows);
  const std::int64_t size = unit.shape()[0];
  EXPECTS(images.parts > 1 && images.rows() == size, "knn: ", size, " rows of ", images.rows(), " in ", images.parts,
          " images cannot classify each other; give at least two images");
  EXPECTS(options.metric == KnnMetric::cosine && options.weights == KnnWeights::similarity,
          "knn: across images the nearest are those of the largest cosine, with weighted votes");
  const std::vector<std::vector<std::int32_t>> members = images.members();
  std::vector<Tensor> on_device;
  for (const Partition& set : labels) on_device.push_back(Tensor::from(unit.context(), {size}, set.part_of_row));
  std::vector<std::int64_t> right(labels.size());
  const std::vector<float> never{-std::numeric_limits<float>::infinity()};
  const std::int64_t most = most_queries(unit.context());
  for (std::int64_t begin = 0; begin < size; begin += most) {
    const std::int64_t count = std::min(most, size - begin);
    const Tensor similarities = engine::linear(unit.narrow(begin, count), unit);
    const Tensor flat = similarities.view_as({count * size});
    for (std::int64_t i = 0; i < count; ++i) {
      const auto image = static_cast<std::size_t>(images.part_of_row[static_cast<std::size_t>(begin + i)]);
      for (const std::int32_t j : members[image]) flat.narrow(i * size + j, 1).upload<float>(never);
    }
    for (std::size_t set = 0; set < labels.size(); ++set) {
      right[set] +=
          count_right(similarities, on_device[set], labels[set].parts, options, labels[set].part_of_row.data() + begin);
    }
    if (progress) progress(begin + count);
  }
  return shares(right, size);
}

}  // namespace apps
