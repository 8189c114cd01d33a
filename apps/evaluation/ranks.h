#pragma once
#include "apps/evaluation/partition.h"
#include "engine/tensor.h"

namespace apps {

/// How many dimensions a set of embeddings uses. NaN if an embedding is not finite.
struct EffectiveRanks {
  /// RankMe (Garrido et al. 2023, Eq. 1): exp(-sum_k p_k ln p_k), p_k = sigma_k / sum(sigma) + 1e-7, sigma the singular
  /// values of the rows as they are, not centred; p is not normalised again. 1 if all rows are multiples of one, up to
  /// min(N,d); 0 if all are 0.
  double rank_me = 0;
  /// tr(C)^2 / tr(C^2), C the covariance. 1 if the rows vary along one line, up to min(N-1,d); 0 if they do not vary:
  /// if their variance is below 1e-12 of their mean square, which is rounding.
  double participation_ratio = 0;
};

/// rows: f32 [N,d], on any device. Sums are in double; takes O(N d min(N,d) + min(N,d)^3) operations and
/// O(min(N,d)^2) memory on the host.
EffectiveRanks effective_ranks(const engine::Tensor& rows);

/// LiDAR (Thilak et al. 2024, section 4): the effective rank of what tells the groups apart. Sb is the covariance of
/// the groups' means (each group counts once), Sw the mean over all rows of the covariance around their group's mean,
/// plus 1e-4 I; of the eigenvalues lambda of Sw^-1/2 Sb Sw^-1/2: exp(-sum_k p_k ln p_k), p_k = lambda_k / sum(lambda) +
/// 1e-7. At most groups - 1, and d; 0 if the means of all groups are the same. NaN if a row is not finite. rows: f32
/// [N,d].
double lidar(const engine::Tensor& rows, const Partition& groups);

}  // namespace apps
