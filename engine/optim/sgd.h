#pragma once
#include "engine/optim/optimizer.h"

namespace engine {

struct SgdOptions {
  float momentum = 0.9f;
  bool nesterov = true;
};

/// Stochastic gradient descent with momentum, the learning rate outside the velocity.
class Sgd : public Optimizer {
 public:
  Sgd(const ParameterSet& parameters, SgdOptions options, const TreatmentOf& treatment);
  std::vector<NamedTensor> state() const override { return {{"velocity", velocity_}}; }

 private:
  void update(const kernels::Update& update) override;

  SgdOptions options_;
  Tensor velocity_;
};

}  // namespace engine
