#pragma once
#include "engine/optim/optimizer.h"
#include "kernels/runtime/names.h"

namespace engine {

/// Keras' velocity sums rate times gradient. PyTorch's sums gradients, and the rate multiplies the velocity.
enum class SgdForm { pytorch, keras };

struct SgdOptions {
  float momentum = 0.9f;
  bool nesterov = true;
  SgdForm form = SgdForm::pytorch;
  bool operator==(const SgdOptions&) const = default;
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

template <>
inline constexpr std::array kNames<SgdForm> = {"pytorch", "keras"};

}  // namespace engine
