#pragma once
#include "kernels/cases/similarity.h"

namespace kernels {

/// The equations of kernels/similarity.h and kernels/anchor_loss.h in double, term by term.
class SimilarityDefinition {
 public:
  /// An anchor's loss, and what its derivatives are written as (kernels/anchor_loss.h).
  struct Terms {
    double loss, lse, attraction, weights_lse = 0;
  };
  struct Anchor {
    double negatives, positive;  ///< S_i and s_i,pos(i)
    bool correct;
  };

  SimilarityDefinition(const SimilarityExample& example, const std::vector<double>& u,
                       const std::vector<double>& queue);

  /// Row i of both views.
  Anchor anchor(std::int64_t i) const;
  Terms terms(const Anchor& anchor, double weights) const;
  /// log sum exp(beta s_ik) over the negatives of row i, for hard negatives; else 0.
  double weights(std::int64_t i) const;
  /// The value of all anchors.
  double loss() const;
  /// What multiplies the sum of terms, over n and without dloss.
  double factor() const;
  /// Of row i of both views: du_i / factor, with lse [views,n] and the attraction of its example.
  std::vector<double> gradient(std::int64_t i, const std::vector<double>& lse, double attraction) const;

 private:
  double similarity(const double* a, const double* b) const;
  /// Calls body(row, its number or -1) for each negative of row i.
  template <class Body>
  void for_each_negative(std::int64_t i, const Body& body) const;
  double sum_over_negatives(std::int64_t i, double sharpness) const;
  const double* row(std::int64_t i) const { return u_.data() + i * e_.d; }

  SimilarityExample e_;
  std::vector<double> u_, queue_;
};

}  // namespace kernels
