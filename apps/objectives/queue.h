#pragma once
#include <cstdint>
#include <vector>

#include "apps/config/objective_options.h"
#include "apps/objectives/momentum_encoder.h"
#include "apps/objectives/objective.h"
#include "kernels/augmentation.h"
#include "losses/contrastive.h"

namespace apps {

/// Momentum contrast (MoCo; He et al. 2020): a query, a crop of an image, is attracted to its key, another crop encoded
/// by a momentum encoder, and repelled by the keys of earlier batches in a first-in-first-out queue. The queue starts
/// with random unit rows; a step's keys enter it after the loss. Symmetric: both crops are queries, each with a queue
/// of its own, and the loss is the mean of both.
class QueueObjective final : public Objective {
 public:
  struct Options {
    QueueOptions queue;
    losses::Options loss;  ///< the temperature and the remedies; its name has no meaning
    kernels::AugmentationRules augmentation;
    std::int64_t seed = 1;  ///< of the crops, of the queue's first rows and of the order of key batches
    engine::Dtype activations = engine::Dtype::f32;
  };

  /// `keys`: f32 [queues,size,d], one queue or, if symmetric, two.
  QueueObjective(Network network, MomentumEncoder momentum, engine::State keys, const Options& options);

  void initialize(const engine::ParameterSet& parameters, std::uint64_t seed) override;
  Outcome forward(const StepContext& step) override;
  void after_update(const StepContext& step) override;
  std::vector<const engine::ParameterSet*> state() const override { return {&momentum_.parameters()}; }
  const Network& network() const override { return network_; }

 private:
  engine::Tensor keys_of(const engine::Tensor& views, std::int64_t view, const engine::StepClock& clock) const;
  std::int64_t groups_here() const;
  engine::Tensor queue(std::size_t i) const;
  losses::ContrastiveLoss contrast(const engine::Tensor& queries, std::size_t queue,
                                   const engine::StepClock& clock) const;

  Network network_;
  MomentumEncoder momentum_;
  engine::State queues_;
  Options options_;
  std::vector<engine::Tensor> keys_;  // of this step, for each queue: unit rows [B,d] of all ranks
};

}  // namespace apps
