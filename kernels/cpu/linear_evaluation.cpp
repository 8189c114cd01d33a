#include "kernels/linear_evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

bool has_nan(const float* values, std::int64_t count) {
  int found = 0;
#pragma omp simd reduction(| : found)
  for (std::int64_t i = 0; i < count; ++i) found |= values[i] != values[i];
  return found != 0;
}

/// The k candidates with the highest similarity, sorted by index; the lower index wins a tie.
void find_nearest(const float* similarities, std::int64_t candidates, std::int64_t k,
                  std::vector<std::int32_t>& nearest) {
  const auto nearer = [=](std::int32_t a, std::int32_t b) {
    return similarities[a] != similarities[b] ? similarities[a] > similarities[b] : a < b;
  };
  // In random order only about k ln(N / k) candidates exceed the k-th best so far: most cost one comparison.
  const auto capacity = static_cast<std::size_t>(2 * k + 1024);
  nearest.resize(std::min(static_cast<std::size_t>(candidates), capacity));
  std::iota(nearest.begin(), nearest.end(), 0);
  const float *next = similarities + nearest.size(), *end = similarities + candidates;
  for (;;) {
    std::nth_element(nearest.begin(), nearest.begin() + (k - 1), nearest.end(), nearer);
    nearest.resize(static_cast<std::size_t>(k));
    if (next == end) break;
    const float least = similarities[nearest.back()];
    while (next != end && nearest.size() < capacity) {
      next = std::find_if(next, end, [=](float similarity) { return similarity > least; });
      if (next != end) nearest.push_back(static_cast<std::int32_t>(next++ - similarities));
    }
  }
  std::sort(nearest.begin(), nearest.end());
}

}  // namespace

void gather_rows(const Context&, const GatherRows& args) {
  const std::int64_t count = args.y.shape.rows(), columns = args.y.shape.cols();
  const float* x = args.x.as<float>();
  const std::int32_t* rows = args.rows.as<std::int32_t>();
  float* y = args.y.as<float>();
#pragma omp parallel for schedule(static) if (count * columns >= kParallelElements)
  for (std::int64_t i = 0; i < count; ++i) std::copy_n(x + rows[i] * columns, columns, y + i * columns);
}

void rowwise_sgd(const Context&, const RowwiseSgd& args) {
  const std::int64_t rows = args.value.shape.rows(), columns = args.value.shape.cols();
  float *value = args.value.as<float>(), *velocity = args.velocity.as<float>();
  const float *gradient = args.gradient.as<float>(), *rates = args.rates.as<float>();
  const float momentum = args.momentum;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float rate = args.factor * rates[row];
#pragma omp simd
    for (std::int64_t i = row * columns; i < (row + 1) * columns; ++i) {
      velocity[i] = momentum * velocity[i] + gradient[i];
      value[i] -= rate * (gradient[i] + momentum * velocity[i]);
    }
  }
}

void knn_vote(const Context&, const KnnVote& args) {
  const std::int64_t queries = args.similarities.shape[0], candidates = args.similarities.shape[1];
  const std::int64_t k = std::min<std::int64_t>(args.k, candidates);
  const std::int32_t* labels = args.labels.as<std::int32_t>();
  std::int32_t* predicted = args.predicted.as<std::int32_t>();
#pragma omp parallel
  {
    std::vector<std::int32_t> nearest;
    std::vector<double> votes(static_cast<std::size_t>(args.classes));
#pragma omp for schedule(static)
    for (std::int64_t q = 0; q < queries; ++q) {
      const float* row = args.similarities.as<float>() + q * candidates;
      if (has_nan(row, candidates)) {  // NaN cannot be ordered
        predicted[q] = -1;
        continue;
      }
      find_nearest(row, candidates, k, nearest);
      float top = row[nearest.front()];
      for (const std::int32_t j : nearest) top = std::max(top, row[j]);
      std::fill(votes.begin(), votes.end(), 0.0);
      for (const std::int32_t j : nearest) {  // summed in a fixed order
        votes[static_cast<std::size_t>(labels[j])] += std::exp((row[j] - top) / args.temperature);
      }
      predicted[q] = static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
    }
  }
}

}  // namespace kernels::cpu
