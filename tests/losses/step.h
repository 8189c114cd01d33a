#pragma once
#include "engine/tensor.h"
#include "kernels/runtime/philox.h"
#include "losses/step_draw.h"

namespace tests {

/// The draw of a training step.
class Step {
 public:
  Step(const engine::Context& context, std::int32_t step)
      : number_(engine::Tensor::from<std::int32_t>(context, engine::Shape(), {step})) {}
  operator losses::StepDraw() const { return {.seed = 11, .step = number_}; }

 private:
  engine::Tensor number_;
};

/// Numbers of N(0, scale^2).
inline std::vector<float> normal_rows(std::int64_t count, float scale = 1) {
  engine::Philox random(5, engine::Purpose::initialization, 0, 0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = scale * static_cast<float>(random.normal());
  return values;
}

}  // namespace tests
