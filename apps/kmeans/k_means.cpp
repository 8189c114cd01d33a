#include "apps/kmeans/k_means.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "apps/kmeans/assignment.h"
#include "engine/ops/linear.h"
#include "kernels/linear.h"
#include "kernels/runtime/philox.h"

namespace apps {
namespace {

using engine::Tensor;

/// A row this close to its centre, as a share of the mean square of all rows, lies on it: what is left is rounding.
constexpr double kOnCentre = 1e-9;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The squared distance of two rows, by their product in f32.
double squared_distance(double square, double other, float product) {
  return std::max(square + other - 2 * static_cast<double>(product), 0.0);
}

/// The first place at which the running sum of `weights` exceeds `share` of the total; weights of 0 are never chosen.
std::int64_t weighted_choice(const std::vector<double>& weights, double share) {
  const double target = share * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  std::int64_t last = 0;  // a sum that rounding keeps below its target ends at the last row that counts
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    last = static_cast<std::int64_t>(i);
    sum += weights[i];
    if (sum > target) break;
  }
  return last;
}

/// One restart on its way.
struct Descent : Assignment {
  std::vector<double> inertias{};
  int number = 0;
  bool ended = false;
};

/// The nearest of `centres` (their squares) for each row; `products` is [N,stride], of the rows with these centres
/// first. Returns whether a label has changed.
bool assign(const std::vector<double>& squares, const float* products, std::int64_t stride,
            const std::vector<double>& centres, Descent& descent) {
  bool changed = false;
  descent.sizes.assign(centres.size(), 0);
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const float* row = products + static_cast<std::int64_t>(i) * stride;
    std::size_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < centres.size(); ++j) {
      const double distance = squared_distance(squares[i], centres[j], row[j]);
      if (distance < least) {
        least = distance;
        nearest = j;
      }
    }
    changed |= descent.labels[i] != static_cast<std::int32_t>(nearest);
    descent.labels[i] = static_cast<std::int32_t>(nearest);
    descent.distances[i] = least;
    ++descent.sizes[nearest];
  }
  return changed;
}

/// |c|^2 of each row of [rows,columns].
std::vector<double> squares_of(const std::vector<float>& values, std::int64_t columns) {
  std::vector<double> squares;
  for (auto row = values.begin(); row != values.end(); row += columns)
    squares.push_back(std::inner_product(row, row + columns, row, 0.0));
  return squares;
}

/// The means of the clusters of all descents: [descents * clusters, C]. An empty cluster's is 0, the mean of all rows.
Tensor means(const Tensor& rows, const std::vector<Descent*>& descents, int clusters) {
  const std::int64_t size = rows.shape()[0], columns = static_cast<std::int64_t>(descents.size()) * clusters;
  std::vector<float> weights(index(size * columns));
  for (std::size_t r = 0; r < descents.size(); ++r) {
    const Descent& descent = *descents[r];
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int32_t label = descent.labels[index(i)];
      weights[index(i * columns + static_cast<std::int64_t>(r) * clusters + label)] =
          1.0f / static_cast<float>(descent.sizes[static_cast<std::size_t>(label)]);
    }
  }
  const Tensor result = Tensor::empty(rows.context(), {columns, rows.shape()[1]});
  kernels::linear_wgrad(rows.context(),
                        {.dy = Tensor::from(rows.context(), {size, columns}, weights), .x = rows, .dweight = {result}});
  return result;
}

/// Numbers the clusters by size.
void sort_by_size(Clustering& clustering) {
  const std::size_t clusters = clustering.sizes.size();
  std::vector<std::size_t> first(clusters, clustering.labels.size()), order(clusters);
  for (std::size_t i = clustering.labels.size(); i-- > 0;) first[static_cast<std::size_t>(clustering.labels[i])] = i;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return clustering.sizes[a] != clustering.sizes[b] ? clustering.sizes[a] > clustering.sizes[b] : first[a] < first[b];
  });
  std::vector<std::int32_t> number(clusters);
  std::vector<std::int64_t> sizes(clusters);
  for (std::size_t place = 0; place < clusters; ++place) {
    number[order[place]] = static_cast<std::int32_t>(place);
    sizes[place] = clustering.sizes[order[place]];
  }
  clustering.sizes = sizes;
  for (std::int32_t& label : clustering.labels) label = number[static_cast<std::size_t>(label)];
}

}  // namespace

KMeans::KMeans(const Tensor& rows) {
  EXPECTS(rows && rows.shape().rank() == 2 && rows.dtype() == engine::Dtype::f32 && rows.elements() > 0,
          "k-means: the rows must be f32 [N,C], and at least one");
  const std::int64_t size = rows.shape()[0], columns = rows.shape()[1];
  host_ = rows.to_host<float>();
  std::vector<double> mean(index(columns));
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) mean[index(c)] += static_cast<double>(host_[index(i * columns + c)]);
  }
  for (double& value : mean) value /= static_cast<double>(size);
  squares_.resize(index(size));
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < size; ++i) {
    double square = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      float& value = host_[index(i * columns + c)];
      value = static_cast<float>(static_cast<double>(value) - mean[index(c)]);
      square += static_cast<double>(value) * static_cast<double>(value);
    }
    squares_[index(i)] = square;
  }
  mean_square_ = std::accumulate(squares_.begin(), squares_.end(), 0.0) / static_cast<double>(size);
  centred_ = Tensor::from(rows.context(), rows.shape(), host_);
}

Tensor KMeans::gathered(const std::vector<std::int64_t>& rows) const {
  const std::int64_t columns = centred_.shape()[1];
  std::vector<float> values;
  values.reserve(rows.size() * index(columns));
  for (const std::int64_t row : rows) {
    const float* from = host_.data() + row * columns;
    values.insert(values.end(), from, from + columns);
  }
  return Tensor::from(centred_.context(), {static_cast<std::int64_t>(rows.size()), columns}, values);
}

/// The rows that each restart begins with, [restarts * clusters].
std::vector<std::int64_t> KMeans::first_centres(const KMeansOptions& options) const {
  const std::int64_t size = rows(), restarts = options.restarts, clusters = options.clusters;
  const std::int64_t trials = 2 + static_cast<std::int64_t>(std::log(clusters));
  std::vector<engine::Philox> random;
  std::vector<std::int64_t> centres(index(restarts * clusters)), candidates;
  // Of each restart, the squared distance of every row from the nearest of its centres.
  std::vector<std::vector<double>> nearest(index(restarts),
                                           std::vector<double>(index(size), std::numeric_limits<double>::infinity()));
  for (std::int64_t r = 0; r < restarts; ++r) {
    random.emplace_back(options.seed, engine::Purpose::clustering, static_cast<std::uint32_t>(r), options.stream);
    candidates.push_back(random.back().below(static_cast<std::uint64_t>(size)));
  }
  for (std::int64_t chosen = 0;; ++chosen) {
    const std::int64_t of_each = static_cast<std::int64_t>(candidates.size()) / restarts;
    const std::vector<float> products = engine::linear(centred_, gathered(candidates)).to_host<float>();
#pragma omp parallel for schedule(static)
    for (std::int64_t r = 0; r < restarts; ++r) {
      std::vector<double> best, reached(index(size));
      double least = std::numeric_limits<double>::infinity();
      for (std::int64_t t = r * of_each; t < (r + 1) * of_each; ++t) {
        const std::int64_t candidate = candidates[index(t)];
        double sum = 0;
        for (std::int64_t i = 0; i < size; ++i) {
          const double distance = squared_distance(squares_[index(i)], squares_[index(candidate)],
                                                   products[index(i * of_each * restarts + t)]);
          reached[index(i)] = i == candidate ? 0 : std::min(nearest[index(r)][index(i)], distance);
          sum += reached[index(i)];
        }
        if (sum < least) {
          least = sum;
          best = reached;
          centres[index(r * clusters + chosen)] = candidate;
        }
      }
      nearest[index(r)] = best;
    }
    if (chosen + 1 == clusters) return centres;
    candidates.clear();
    for (std::int64_t r = 0; r < restarts; ++r) {
      for (std::int64_t t = 0; t < trials; ++t)
        candidates.push_back(weighted_choice(nearest[index(r)], random[index(r)].uniform64()));
    }
  }
}

/// The squared distance of a row from a centre, without the digits that products in f32 lose where both are near.
double KMeans::exact_distance(std::int64_t row, const float* centre) const {
  const std::int64_t columns = centred_.shape()[1];
  const float* x = host_.data() + row * columns;
  return std::inner_product(x, x + columns, centre, 0.0, std::plus<>(), [](float a, float b) {
    return (static_cast<double>(a) - static_cast<double>(b)) * (static_cast<double>(a) - static_cast<double>(b));
  });
}

/// sum over rows of |x - mean of its cluster|^2, all in double.
double KMeans::inertia(const std::int32_t* labels, int clusters) const {
  const std::int64_t columns = centred_.shape()[1];
  std::vector<double> means(index(clusters * columns)), sizes(static_cast<std::size_t>(clusters));
  for (std::int64_t i = 0; i < rows(); ++i) {
    double* mean = means.data() + labels[i] * columns;
    for (std::int64_t c = 0; c < columns; ++c) mean[c] += static_cast<double>(host_[index(i * columns + c)]);
    sizes[static_cast<std::size_t>(labels[i])] += 1;
  }
  for (std::size_t j = 0; j < means.size(); ++j) means[j] /= std::max(sizes[j / index(columns)], 1.0);
  double sum = 0;
  for (std::int64_t i = 0; i < rows(); ++i) {
    const double* mean = means.data() + labels[i] * columns;
    double square = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      const double away = static_cast<double>(host_[index(i * columns + c)]) - mean[c];
      square += away * away;
    }
    sum += square;
  }
  return sum;
}

Clustering KMeans::operator()(const KMeansOptions& options) const {
  EXPECTS(options.clusters >= 1 && options.clusters <= rows(), "k-means: ", rows(), " rows cannot be in ",
          options.clusters, " clusters");
  EXPECTS(options.restarts >= 1 && options.iterations >= 1, "k-means: at least one restart and one iteration");
  std::vector<Descent> descents(index(options.restarts));
  std::vector<Descent*> running;
  for (Descent& descent : descents) {
    descent.number = static_cast<int>(running.size());
    descent.labels.assign(squares_.size(), -1);
    descent.distances.resize(squares_.size());
    running.push_back(&descent);
  }
  Tensor centres = gathered(first_centres(options));
  while (!running.empty()) {
    if (options.between_iterations) options.between_iterations();
    const std::vector<float> products = engine::linear(centred_, centres).to_host<float>();
    const std::vector<float> host_centres = centres.to_host<float>();
    const std::int64_t stride = centres.shape()[0], columns = centres.shape()[1], clusters = options.clusters;
    const std::vector<double> squares = squares_of(host_centres, columns);
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t r = 0; r < static_cast<std::int64_t>(running.size()); ++r) {
      Descent& descent = *running[index(r)];
      const auto begin = squares.begin() + r * clusters;
      const bool changed = assign(squares_, products.data() + r * clusters, stride, {begin, begin + clusters}, descent);
      descent.fill_empty_clusters([&](std::size_t row, std::int32_t label) {
        const float* centre = host_centres.data() + (r * clusters + label) * columns;
        return exact_distance(static_cast<std::int64_t>(row), centre) <= kOnCentre * mean_square_;
      });
      const double inertia = std::accumulate(descent.distances.begin(), descent.distances.end(), 0.0);
      const bool slow =
          !descent.inertias.empty() && descent.inertias.back() - inertia <= options.tolerance * descent.inertias.back();
      descent.inertias.push_back(inertia);
      descent.ended = !changed || slow || static_cast<int>(descent.inertias.size()) == options.iterations;
    }
    std::erase_if(running, [](const Descent* descent) { return descent->ended; });
    if (!running.empty()) centres = means(centred_, running, options.clusters);
  }

  std::vector<double> inertias(descents.size());
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t r = 0; r < options.restarts; ++r)
    inertias[index(r)] = inertia(descents[index(r)].labels.data(), options.clusters);
  // Restarts that end in the same clusters differ by rounding alone; the first of them counts on every device.
  const double least = *std::min_element(inertias.begin(), inertias.end());
  const auto is_best = [&](double inertia) { return inertia <= least * (1 + 1e-12); };
  const auto best = std::find_if(inertias.begin(), inertias.end(), is_best) - inertias.begin();
  const Descent& winner = descents[index(best)];
  Clustering clustering{.labels = winner.labels,
                        .sizes = winner.sizes,
                        .inertia = inertias[index(best)],
                        .restart = winner.number,
                        .iterations = static_cast<int>(winner.inertias.size()),
                        .descent = winner.inertias};
  sort_by_size(clustering);
  return clustering;
}

}  // namespace apps
