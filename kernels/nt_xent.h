#pragma once
#include <cmath>
#include <numbers>

#include "kernels/kernel.h"
#include "kernels/runtime/host_device.h"

namespace kernels {

// Chen et al. 2020 (SimCLR) and, with candidates from the other view only, van den Oord et al. 2018 (InfoNCE).
// u_0 .. u_{2n-1}: the rows of view 1, then those of view 2; pos(i) = (i + n) mod 2n; s_ik = u_i . u_k / temperature
//   lse_i = log sum_{k in K(i)} exp(s_ik)       K(i): every k but i, or only the rows of the view that i is not in
//   loss  = (1/n) sum_i (lse_i - s_i,pos(i))    over 2n anchors: twice the mean per anchor
// An anchor that is nearly sure of its positive has a loss far below lse_i, and 1 - p_i,pos(i) far below 1. Both are
// computed from the sum over the *other* candidates, so that nothing cancels (AnchorLoss).
// The 2n x 2n similarities are never stored: memory is O(n d), plus what the caller provides in `kept`.

/// The rows to compare. They need not be normalised; any temperature > 0 is safe from overflow.
struct ContrastPairs {
  ConstView view1, view2;  // f32 or bf16 [n,d] each: row i of both shows example i
  float temperature;
  bool within_views;  // true: NT-Xent; false: cross-view InfoNCE
  /// Anchors are both views of the examples [first_anchor, first_anchor + m), m the size of the outputs; candidates are
  /// always all 2n rows. Sums over disjoint ranges of anchors add up to the result of one call.
  std::int64_t first_anchor = 0;
  /// Whether products may use rows rounded to bf16, as tensor cores require. Sums and gradients are always f32.
  bool bf16_products = false;

  /// Floating-point operations to compute each similarity of m anchor examples once (s is symmetric) ...
  std::int64_t similarity_operations(std::int64_t m) const;
  /// ... and of each anchor's weighted sum over its candidates.
  std::int64_t gradient_operations(std::int64_t m) const;
};

/// An anchor's loss, -log p_i,pos(i), and 1 - p_i,pos(i).
struct AnchorLoss {
  double loss, missing;

  /// From log2 (sum_{k in K(i), k != pos(i)} exp(s_ik) / exp(s_i,pos(i))): accurate to the last digits for any odds.
  HOST_DEVICE static AnchorLoss of_odds(double log2_odds) {
    const double ratio = exp2(-fabs(log2_odds));  // of the smaller to the larger
    const bool likely = log2_odds < 0;
    return {(likely ? 0 : std::numbers::ln2 * log2_odds) + log1p(ratio), (likely ? ratio : 1) / (1 + ratio)};
  }
};

/// The index of each sum over anchors in `NtXentForward::sums`.
enum ContrastSum { kContrastLoss, kContrastAlignment, kContrastDistribution, kContrastAccuracy, kContrastSums };

struct NtXentForward {
  ContrastPairs pairs;
  View lse;         // f32 [2,m]: view 1, view 2
  View positive;    // f32 [m]: s_i,pos(i), the same for both views of an example
  View attraction;  // f32 [m]: 2 - p_i,pos(i) - p_pos(i),i: the weight of an example's views for each other
  View correct;  // f32 [m]: 1 where view 1's most similar row of view 2 is its own (the lowest row wins a tie), else 0
  /// f32 [4], each divided by n: loss, exact even if tiny; alignment = -sum s_i,pos(i); distribution = sum lse_i;
  /// accuracy = sum correct.
  View sums;
  /// f32, of any size, or absent: memory in which results may be kept for a backward pass over the same pairs and
  /// anchors.
  View kept = {};
  Cost cost() const;
};

// ds_ik = (p_ik - [k = pos(i)]) / n with p_ik = exp(s_ik - lse_i), and both s_ik and s_ki depend on u_i:
// du_i = dloss / (n temperature) * ( sum_{k in K(i), k != pos(i)} (p_ik + p_ki) u_k - attraction_i u_pos(i) )
struct NtXentBackward {
  ContrastPairs pairs;
  ConstView lse;               // f32 [2,n]: of all rows, as written by forward passes over all anchors
  ConstView attraction;        // f32 [m]: of the anchors, as written by a forward pass over them
  ConstView dloss;             // f32 scalar, on the device
  ConstView kept = {};         // as the forward pass wrote it, or absent
  Destination dview1, dview2;  // [m,d] of the anchors, of the dtype of the views
  Cost cost() const;
};

/// The useful number of elements of `kept` on this device; 0 where recomputing an exponential is faster than loading
/// it.
KERNEL_SIZE(nt_xent_kept, ContrastPairs);
KERNEL(nt_xent_forward, NtXentForward);
KERNEL(nt_xent_backward, NtXentBackward);

inline std::int64_t ContrastPairs::similarity_operations(std::int64_t m) const {
  const std::int64_t n = view1.shape.rows(), d = view1.shape.cols();
  const std::int64_t pairs = within_views ? m * (2 * m - 1) + 4 * m * (n - m) : m * m + 2 * m * (n - m);
  return 2 * d * pairs;
}

inline std::int64_t ContrastPairs::gradient_operations(std::int64_t m) const {
  const std::int64_t n = view1.shape.rows(), d = view1.shape.cols();
  return 2 * d * 2 * m * (within_views ? 2 * n - 1 : n);
}

inline Cost NtXentForward::cost() const {
  return {.bytes = bytes_of(pairs.view1) + bytes_of(pairs.view2) + bytes_of(lse) + bytes_of(positive) +
                   bytes_of(attraction) + bytes_of(correct),
          .operations = pairs.similarity_operations(positive.shape.elements())};
}

inline Cost NtXentBackward::cost() const {
  const std::int64_t m = dview1.view.shape.rows();
  return {.bytes = bytes_of(pairs.view1) + bytes_of(pairs.view2) + bytes_of(lse) + bytes_of(attraction) +
                   bytes_of(dview1) + bytes_of(dview2),
          .operations = pairs.similarity_operations(m) + pairs.gradient_operations(m)};
}

}  // namespace kernels
