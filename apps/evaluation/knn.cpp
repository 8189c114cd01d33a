#include "apps/evaluation/knn.h"

#include <algorithm>

#include "engine/ops/l2_normalize.h"
#include "engine/ops/linear.h"
#include "kernels/linear_evaluation.h"

namespace apps {

using engine::Tensor;

double knn_accuracy(const Features& train, const Features& test, KnnOptions options,
                    const std::function<void(std::int64_t done)>& progress) {
  constexpr std::int64_t kQueries = 250;  // the similarities of 250 queries to 60,000 examples take 57 MiB
  const engine::Context& context = test.values.context();
  const Tensor candidates = engine::l2_normalize(train.values), queries = engine::l2_normalize(test.values);
  const std::vector<std::int32_t> truth = test.labels.to_host<std::int32_t>();
  const std::int64_t size = queries.shape()[0];
  std::int64_t correct = 0;
  for (std::int64_t begin = 0; begin < size; begin += kQueries) {
    const std::int64_t count = std::min(kQueries, size - begin);
    const Tensor predicted = Tensor::empty(context, {count}, engine::Dtype::i32);
    const Tensor similarities = engine::linear(queries.narrow(begin, count), candidates);
    kernels::knn_vote(context, {.similarities = similarities,
                                .labels = train.labels,
                                .predicted = predicted,
                                .k = options.k,
                                .classes = train.classes,
                                .temperature = options.temperature});
    const std::vector<std::int32_t> guesses = predicted.to_host<std::int32_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      correct += guesses[static_cast<std::size_t>(i)] == truth[static_cast<std::size_t>(begin + i)] ? 1 : 0;
    }
    if (progress) progress(begin + count);
  }
  return static_cast<double>(correct) / static_cast<double>(size);
}

}  // namespace apps
