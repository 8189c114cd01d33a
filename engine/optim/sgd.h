#pragma once
#include "engine/optim/optimizer.h"

namespace engine {

struct SgdOptions {
  float momentum = 0.9f;
  bool nesterov = true;
  bool rate_in_velocity = false;  ///< as in Keras; PyTorch's velocity knows no rate
};

/// Stochastic gradient descent with momentum.
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
