#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace apps {

struct KMeansOptions {
  int clusters = 2;
  int restarts = 10;        ///< the best of them is kept
  int iterations = 100;     ///< at most, of each restart
  double tolerance = 1e-6;  ///< a restart ends when an iteration lowers its inertia by less than this share
  std::uint64_t seed = 1;
  std::uint64_t stream = 0;                       ///< which draws of the seed: the number of the image
  std::function<void()> between_iterations = {};  ///< may throw to stop
};

/// Clusters, the largest first; of equal ones, the one whose first row comes first.
struct Clustering {
  std::vector<std::int32_t> labels;  ///< of each row
  std::vector<std::int64_t> sizes;   ///< of each cluster; 0 where the rows have fewer different values than clusters
  double inertia = 0;                ///< sum over rows of |x - mean of its cluster|^2, in double
  int restart = 0;                   ///< which one found it
  int iterations = 0;                ///< that this restart took
  std::vector<double> descent = {};  ///< its inertia after each of them, from products in f32
};

/// K-means (Lloyd) with the Euclidean distance, begun by greedy k-means++ (Arthur & Vassilvitskii 2007, section 6; as
/// scikit-learn does): each centre is the best of 2 + ln k rows, drawn with a probability proportional to the squared
/// distance from the centres so far.
///
/// All restarts run side by side, so that their distances are one matrix product on the device of the rows, and their
/// new centres another. A cluster that loses all its rows takes the row that is the farthest from its centre. The same
/// rows, options, build and number of threads give the same clusters.
class KMeans {
 public:
  /// rows: f32 [N,C], N >= 1. They are centred first: distances stay, and small ones keep their digits in f32.
  explicit KMeans(const engine::Tensor& rows);

  /// Throws engine::Error unless there are 1 to N clusters.
  Clustering operator()(const KMeansOptions& options) const;

  /// The inertia of a single cluster. Not finite if a row is not.
  double total() const { return mean_square_ * static_cast<double>(rows()); }
  std::int64_t rows() const { return static_cast<std::int64_t>(squares_.size()); }

 private:
  std::vector<std::int64_t> first_centres(const KMeansOptions& options) const;
  engine::Tensor gathered(const std::vector<std::int64_t>& rows) const;
  double exact_distance(std::int64_t row, const float* centre) const;
  double inertia(const std::int32_t* labels, int clusters) const;

  engine::Tensor centred_;       // [N,C]
  std::vector<float> host_;      // the same
  std::vector<double> squares_;  // |x|^2 of each row
  double mean_square_ = 0;       // their mean
};

}  // namespace apps
