#pragma once
#include "engine/optim/optimizer.h"

namespace engine {

struct LarsOptions {
  float momentum = 0.9f;
  float trust_coefficient = 1e-3f;
  bool operator==(const LarsOptions&) const = default;
};

/// Momentum with one learning rate per parameter (You et al. 2017), in SimCLR's form: weight decay is part of the trust
/// ratio, and the learning rate is inside the velocity. Parameters without adaptation use the full rate.
class Lars : public Optimizer {
 public:
  Lars(const ParameterSet& parameters, LarsOptions options, const TreatmentOf& treatment);
  std::vector<NamedTensor> state() const override { return {{"velocity", velocity_}}; }

 private:
  void update(const kernels::Update& update) override;

  LarsOptions options_;
  Tensor velocity_, trust_;
};

}  // namespace engine
