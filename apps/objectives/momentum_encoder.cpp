#include "apps/objectives/momentum_encoder.h"

#include "apps/objectives/encode.h"

namespace apps {

using engine::Tensor;

MomentumEncoder::MomentumEncoder(const Config& config, const data::Source& source,
                                 const kernels::MomentumSchedule& momentum)
    : network_(make_network(parameters_, config, source, "momentum.")), momentum_(momentum) {}

void MomentumEncoder::initialize(const engine::ParameterSet& trained) {
  parameters_.allocate_as_copy(trained);
  trained_ = trained.values().narrow(0, parameters_.values().elements());
}

Tensor MomentumEncoder::project(const Tensor& images, std::int64_t passes) const {
  const auto& s = images.shape();
  return encode(network_, images.view_as({1, s[0], s[1], s[2], s[3]}), passes, {}).rows;
}

void MomentumEncoder::follow(const engine::StepClock& clock) const {
  kernels::moving_average(trained_.context(), {.value = trained_,
                                               .average = parameters_.values(),
                                               .shadow = engine::View(parameters_.shadow()),
                                               .momentum = momentum_,
                                               .status = clock.status});
}

}  // namespace apps
