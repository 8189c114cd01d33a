#pragma once
#include "engine/tensor.h"

namespace losses {

using engine::Tensor;

/// A contrastive loss and its metrics. Everything is on the device; nothing waits for the host.
struct ContrastiveLoss {
  Tensor loss;  ///< f32 scalar, differentiable
  /// f32 [4], no gradient: loss, alignment, distribution and contrastive accuracy. loss = alignment + distribution;
  /// times the temperature these are the terms of Chen et al. 2021, Eq. 3. The accuracy is that of view-1 anchors among
  /// the rows of view 2.
  Tensor metrics;
};

/// How similarities are multiplied: exactly, or from rows rounded to bf16, which is many times faster on tensor cores.
enum class Products { exact, bf16 };

/// NT-Xent (Chen et al. 2020), scaled as in SimCLR's code: the sum of both directions, each a mean over the n examples,
/// so twice the mean per anchor. All other rows, of both views, are candidates. u: f32 or bf16 [2n,d], unit rows; the n
/// rows of view 1, then those of view 2. Sums are f32. Throws for another shape and for a temperature <= 0.
ContrastiveLoss nt_xent(const Tensor& u, float temperature, Products products = Products::exact);

/// InfoNCE across views (van den Oord et al. 2018): the sum of both directions, each a mean over the n examples. Only
/// the rows of the other view are candidates. u1, u2: f32 or bf16 [n,d], unit rows. Throws for other shapes and for a
/// temperature <= 0.
ContrastiveLoss cross_view(const Tensor& u1, const Tensor& u2, float temperature, Products products = Products::exact);

}  // namespace losses
