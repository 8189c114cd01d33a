#include "apps/evaluation/knn.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/ops/l2_normalize.h"
#include "engine/ops/linear.h"
#include "kernels/linear_evaluation.h"

namespace apps {

using engine::Tensor;

namespace {

constexpr std::int64_t kQueries = 250;  // the similarities of 250 queries to 60,000 examples take 57 MiB

/// How many of the queries get the label `truth[i]` by the vote of the candidates.
std::int64_t count_right(const Tensor& similarities, const Tensor& labels, int classes, KnnOptions options,
                         const std::int32_t* truth) {
  const std::int64_t count = similarities.shape()[0];
  const Tensor predicted = Tensor::empty(similarities.context(), {count}, engine::Dtype::i32);
  kernels::knn_vote(similarities.context(), {.similarities = similarities,
                                             .labels = labels,
                                             .predicted = predicted,
                                             .k = options.k,
                                             .classes = classes,
                                             .temperature = options.temperature});
  const std::vector<std::int32_t> guesses = predicted.to_host<std::int32_t>();
  return std::inner_product(guesses.begin(), guesses.end(), truth, std::int64_t{0}, std::plus<>(),
                            [](std::int32_t guess, std::int32_t label) { return guess == label ? 1 : 0; });
}

}  // namespace

double knn_accuracy(const Features& train, const Features& test, KnnOptions options,
                    const std::function<void(std::int64_t done)>& progress) {
  const Tensor candidates = engine::l2_normalize(train.values), queries = engine::l2_normalize(test.values);
  const std::vector<std::int32_t> truth = test.labels.to_host<std::int32_t>();
  const std::int64_t size = queries.shape()[0];
  std::int64_t right = 0;
  for (std::int64_t begin = 0; begin < size; begin += kQueries) {
    const std::int64_t count = std::min(kQueries, size - begin);
    right += count_right(engine::linear(queries.narrow(begin, count), candidates), train.labels, train.classes, options,
                         truth.data() + begin);
    if (progress) progress(begin + count);
  }
  return static_cast<double>(right) / static_cast<double>(size);
}

std::vector<double> knn_accuracy_across_images(const Tensor& rows, const Partition& images,
                                               const std::vector<Partition>& labels, KnnOptions options,
                                               const std::function<void(std::int64_t done)>& progress) {
  const Tensor unit = engine::l2_normalize(rows);
  const std::int64_t size = unit.shape()[0];
  EXPECTS(images.parts > 1 && images.rows() == size, "knn: ", size, " rows of ", images.rows(), " in ", images.parts,
          " images cannot classify each other; give at least two images");
  const std::vector<std::vector<std::int32_t>> members = images.members();
  std::vector<Tensor> on_device;
  for (const Partition& set : labels) on_device.push_back(Tensor::from(unit.context(), {size}, set.part_of_row));
  std::vector<std::int64_t> right(labels.size());
  const std::vector<float> never{-std::numeric_limits<float>::infinity()};
  for (std::int64_t begin = 0; begin < size; begin += kQueries) {
    const std::int64_t count = std::min(kQueries, size - begin);
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
  std::vector<double> accuracies;
  for (const std::int64_t count : right) accuracies.push_back(static_cast<double>(count) / static_cast<double>(size));
  return accuracies;
}

}  // namespace apps
