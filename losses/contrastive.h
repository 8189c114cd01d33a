#pragma once
#include "losses/options.h"
#include "losses/similarity.h"
#include "losses/step_draw.h"

namespace losses {

/// The loss that the options describe. z: f32 or bf16 [2n,d], the outputs of the head: the n rows of view 1 above those
/// of view 2. Normalises them if the loss compares unit rows.
ContrastiveLoss contrastive(const Tensor& z, const Options& options, const StepDraw& draw,
                            Products products = Products::exact);

/// The InfoNCE loss of a queue with these options: z f32 or bf16 [n,d], the outputs of the head, which it normalises;
/// keys [n,d] and queue [k,d] are unit rows of z's dtype and get no gradient.
ContrastiveLoss against_queue(const Tensor& z, const Tensor& keys, const Tensor& queue, const Options& options,
                              const StepDraw& draw, Products products = Products::exact);

}  // namespace losses
