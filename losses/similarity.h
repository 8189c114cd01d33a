#pragma once
#include "engine/tensor.h"
#include "kernels/similarity.h"
#include "losses/contrastive_loss.h"

namespace losses {

using engine::Tensor;
using engine::View;

/// What divides the similarities. A schedule keeps it on the device, where it changes while a captured step stays as it
/// is.
struct Temperature {
  float value = 0.1f;  ///< where `now` is absent
  Tensor now = {};     ///< f32 scalar, or absent

  kernels::Temperature view() const { return {.value = value, .now = View(now)}; }
};

/// How similarities are multiplied: exactly, or from rows rounded to bf16, which is many times faster on tensor cores.
enum class Products { exact, bf16 };

/// What divides the similarities, and remedies that are part of the loss. An anchor's negatives are all its candidates
/// but its positive.
struct SimilarityOptions {
  Temperature temperature = {};
  /// Implicit feature modification (Robinson et al. 2021, "Can contrastive learning avoid shortcut solutions?"): the
  /// mean of the loss and of the loss with positives less similar and negatives more similar by this much.
  float ifm_epsilon = 0;
  /// Hard negatives (Robinson et al. 2021, "Contrastive learning with hard negative samples"): negatives count in
  /// proportion to exp(beta similarity / temperature).
  float hard_negative_beta = 0;
  /// Debiasing (Chuang et al. 2020): the assumed share of negatives that are of the anchor's own class.
  float debias_tau_plus = 0;
  Products products = Products::exact;
  bool unit_rows = false;  ///< whether the caller has normalised all rows, which makes the gradient faster on a GPU
};

// The functions below throw for tensors of other shapes or types and for options that make no sense: a temperature that
// is no number above 0, a remedy below 0, a share of 1 or more, and implicit feature modification together with hard
// negatives or debiasing, since no one has said what both would be. Rows may have any length; unit rows are meant.

// With several ranks each gives the rows of its own part of the examples, and n stands for all of them: the loss, its
// terms and the candidates are of all ranks, and each rank gets the gradient of its own rows. The rows of a queue are
// the same on all ranks.

/// NT-Xent (Chen et al. 2020), scaled as in SimCLR's code: the sum of both directions, each a mean over the n examples,
/// so twice the mean per anchor. All other rows, of both views, are candidates. u: f32 or bf16 [2n,d]; the n rows of
/// view 1, then those of view 2. Sums are f32.
ContrastiveLoss nt_xent(const Tensor& u, const SimilarityOptions& options);

/// InfoNCE across views (van den Oord et al. 2018): the sum of both directions, each a mean over the n examples. Only
/// the rows of the other view are candidates. u: as for nt_xent.
ContrastiveLoss cross_view(const Tensor& u, const SimilarityOptions& options);

/// InfoNCE against a queue (He et al. 2020, MoCo), a mean over the n examples: candidates are an anchor's own key and
/// all rows of the queue. q, keys: f32 or bf16 [n,d]; queue: of the same type [k,d]. Only q has a gradient.
ContrastiveLoss queue(const Tensor& q, const Tensor& keys, const Tensor& queue, const SimilarityOptions& options);

struct LogSumExpOptions {
  Temperature temperature = {.value = 1};
  bool with_self = true;           ///< whether an anchor is one of its own candidates
  bool times_temperature = false;  ///< as in Chen et al. 2021, Eq. 3
  bool minus_log_width = true;     ///< less the natural logarithm of d, as in the paper's code
  Products products = Products::exact;
  bool unit_rows = false;  ///< as in SimilarityOptions
};

struct Distribution {
  Tensor loss;      ///< f32 scalar, differentiable
  Tensor accuracy;  ///< f32 scalar, no gradient: the contrastive accuracy of view-1 anchors among the rows of view 2
};

/// How evenly rows are distributed (Chen et al. 2021, Table 1 and the decoupled loss of their code): the mean over all
/// 2n rows of log sum_k exp(u_i . u_k / temperature), k over the rows of both views. u: as for nt_xent.
Distribution log_sum_exp_distribution(const Tensor& u, const LogSumExpOptions& options = {});

}  // namespace losses
