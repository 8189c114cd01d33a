#pragma once
#include "kernels/anchor_loss.h"
#include "kernels/kernel.h"

namespace kernels {

// Losses that compare rows with one another: NT-Xent (Chen et al. 2020, SimCLR), InfoNCE across views (van den Oord et
// al. 2018) and against a queue (He et al. 2020, MoCo), the log-sum-exp of the decoupled loss (Chen et al. 2021).
// u_0 .. u_{2n-1}: the rows of view 1, then those of view 2; pos(i) = (i + n) mod 2n;
//   s_ik  = sharpness u_i . u_k / temperature
//   S_i   = log sum_{k in K(i), k != pos(i)} exp(s_ik)      K(i): the candidates of anchor i
//   value = coefficient [temperature] / n sum_i rule(S_i, s_i,pos(i)) - offset
// over all anchors: both views' rows, or those of view 1 when the candidates are a queue. The rule is one of
// kernels/anchor_loss.h. The sum excludes the positive, so that nothing cancels for an anchor that is nearly sure of
// it. The similarities are never stored: memory is O(rows d), plus what the caller provides in `kept`.

/// What the similarities are divided by. A schedule keeps it in device memory, where it changes while a step stays as
/// it is.
struct Temperature {
  float value = 1;     ///< where `now` is absent
  ConstView now = {};  ///< f32 scalar on the device, or absent

  /// On the device.
  HOST_DEVICE float current() const { return now ? *now.as<float>() : value; }
};

/// The rows that an anchor is compared with, beside its positive.
enum class Candidates {
  others,      ///< every other row of both views
  all,         ///< every row of both views, the anchor among them
  other_view,  ///< the rows of the view that the anchor is not in
  queue,       ///< the rows of a queue
};

/// The rows to compare. They need not be normalised; any temperature > 0 is safe from overflow.
struct Similarities {
  ConstView view1, view2;  // f32 or bf16 [n,d] each: row i of both shows example i
  ConstView queue = {};    // of the same dtype [k,d], for Candidates::queue
  Temperature temperature;
  float sharpness = 1;
  Candidates candidates = Candidates::others;
  /// Anchors are the views of the examples [first_anchor, first_anchor + m), m the size of the outputs; candidates are
  /// always all rows. Sums over disjoint ranges of anchors add up to the result of one call, but for the offset.
  std::int64_t first_anchor = 0;
  /// Whether products may use rows rounded to bf16, as tensor cores require. Sums and gradients are always f32.
  bool bf16_products = false;
  /// Whether no row is longer than 1, but for rounding, and `lse` is that of a plain rule (cross-entropy or
  /// log-sum-exp): a gradient then needs half the exponentials, where the temperature is not too low.
  bool unit_rows = false;

  HOST_DEVICE bool of_queue() const { return candidates == Candidates::queue; }
  bool within_views() const { return candidates == Candidates::others || candidates == Candidates::all; }
  /// The number of views whose rows are anchors.
  std::int64_t anchor_views() const { return of_queue() ? 1 : 2; }
  /// The number of negatives of each anchor; the anchor itself counts where it is a candidate.
  std::int64_t negatives() const;

  /// Floating-point operations to compute each similarity of m anchor examples once (s is symmetric within views) ...
  std::int64_t similarity_operations(std::int64_t m) const;
  /// ... and of each anchor's weighted sum over its candidates.
  std::int64_t gradient_operations(std::int64_t m) const;
};

/// What the sum of the anchors' terms is multiplied by, and what is subtracted from the product.
struct LossScale {
  float coefficient = 1;
  bool times_temperature = false;
  float offset = 0;

  HOST_DEVICE float factor(float temperature) const {
    return times_temperature ? coefficient * temperature : coefficient;
  }
  HOST_DEVICE float value(double sum, float temperature) const {
    return static_cast<float>(sum * static_cast<double>(factor(temperature)) - static_cast<double>(offset));
  }
};

/// The index of each sum over anchors in `SimilarityForward::sums`.
enum ContrastSum { kContrastLoss, kContrastAlignment, kContrastDistribution, kContrastAccuracy, kContrastSums };

struct SimilarityForward {
  Similarities s;
  AnchorRule rule = {};
  LossScale scale = {};
  /// f32 [views,m], for hard negatives with beta > 0: W_i, as a pass with the rule `negatives` and sharpness beta wrote
  /// it to its `lse`. Becomes what a backward pass with that sharpness reads as `lse`.
  View weights = {};
  View lse;  // f32 [views,m], views the number of views with anchors: exp(s_ik - lse_i) = drule_i/ds_ik of a negative k
  // Of the other outputs, all or, for the rule `negatives`, none are given.
  View positive;  // f32 [m]: u_i . u_pos(i) / temperature, the same for both views of an example
  View
      attraction;  // f32 [m]: -drule/ds_i,pos(i), added over the views: the weight of an example's views for each other
  View correct;    // f32 [m]: 1 where an anchor of view 1 finds its positive, else 0: its most similar row of view 2 is
                   // its own (the lowest row wins a tie); or it is more similar to it than to every row of the queue
  /// f32 [4]: the value, exact even if tiny; alignment = -sum s_i,pos(i) / n at sharpness 1; distribution: their sum is
  /// the value without scale and offset; accuracy = sum correct / n.
  View sums;
  /// f32, of any size, or absent: memory in which results may be kept for a backward pass over the same similarities
  /// and anchors.
  View kept = {};
  Cost cost() const;
};

// With w_ik = exp(s_ik - lse_i), and since both s_ik and s_ki depend on u_i:
// du_i = dloss coefficient [temperature] sharpness / (n temperature)
//        * ( sum_{k in K(i), k != pos(i)} (w_ik + w_ki) u_k - attraction_i u_pos(i) )
// For a queue, whose rows are constants as view 2's are, w_ki = 0.
struct SimilarityBackward {
  Similarities s;
  LossScale scale = {};        // the offset plays no part
  ConstView lse;               // f32 [views,n]: of all rows, as written by forward passes over all anchors
  ConstView attraction;        // f32 [m]: of the anchors, as written by a forward pass over them; absent: 0
  ConstView dloss;             // f32 scalar, on the device
  ConstView kept = {};         // as the forward pass wrote it, or absent
  Destination dview1, dview2;  // [m,d] of the anchors, of the dtype of the views; for a queue only dview1 is given
  Cost cost() const;

  /// What multiplies the sums over candidates, n = the number of examples. On the device.
  HOST_DEVICE float factor(std::int64_t n) const {
    const float temperature = s.temperature.current();
    return *dloss.as<float>() * (scale.factor(temperature) * s.sharpness) / (static_cast<float>(n) * temperature);
  }
};

/// The useful number of elements of `kept` on this device; 0 where recomputing an exponential is faster than loading
/// it.
KERNEL_SIZE(similarity_kept, Similarities);
KERNEL(similarity_forward, SimilarityForward);
KERNEL(similarity_backward, SimilarityBackward);

inline std::int64_t Similarities::negatives() const {
  const std::int64_t n = view1.shape.rows();
  switch (candidates) {
    case Candidates::others: return 2 * n - 2;
    case Candidates::all: return 2 * n - 1;
    case Candidates::other_view: return n - 1;
    case Candidates::queue: return queue.shape.rows();
  }
  return 0;
}

inline std::int64_t Similarities::similarity_operations(std::int64_t m) const {
  const std::int64_t n = view1.shape.rows(), d = view1.shape.cols();
  if (of_queue()) return 2 * d * m * (queue.shape.rows() + 1);
  std::int64_t pairs = within_views() ? m * (2 * m - 1) + 4 * m * (n - m) : m * m + 2 * m * (n - m);
  if (candidates == Candidates::all) pairs += 2 * m;
  return 2 * d * pairs;
}

inline std::int64_t Similarities::gradient_operations(std::int64_t m) const {
  return 2 * view1.shape.cols() * anchor_views() * m * (negatives() + 1);
}

inline Cost SimilarityForward::cost() const {
  return {.bytes = bytes_of(s.view1) + bytes_of(s.view2) + bytes_of(s.queue) + 2 * bytes_of(weights) + bytes_of(lse) +
                   bytes_of(positive) + bytes_of(attraction) + bytes_of(correct),
          .operations = s.similarity_operations(lse.shape[1])};
}

inline Cost SimilarityBackward::cost() const {
  const std::int64_t m = dview1.view.shape.rows();
  return {.bytes = bytes_of(s.view1) + bytes_of(s.view2) + bytes_of(s.queue) + bytes_of(lse) + bytes_of(attraction) +
                   bytes_of(dview1) + bytes_of(dview2),
          .operations = s.similarity_operations(m) + s.gradient_operations(m)};
}

}  // namespace kernels
