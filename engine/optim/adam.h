#pragma once
#include "engine/optim/optimizer.h"

namespace engine {

struct AdamOptions {
  float beta1 = 0.9f, beta2 = 0.999f;
  float epsilon = 1e-7f;  ///< outside the bias correction, as in Keras
  bool operator==(const AdamOptions&) const = default;
};

class Adam : public Optimizer {
 public:
  Adam(const ParameterSet& parameters, AdamOptions options, const TreatmentOf& treatment);
  std::vector<NamedTensor> state() const override;

 private:
  void update(const kernels::Update& update) override;

  AdamOptions options_;
  Tensor first_, second_;
};

}  // namespace engine
