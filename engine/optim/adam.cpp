#include "engine/optim/adam.h"

namespace engine {

Adam::Adam(const ParameterSet& parameters, AdamOptions options, const TreatmentOf& treatment)
    : Optimizer(parameters, treatment), options_(options), first_(zeros()), second_(zeros()) {}

void Adam::update(const kernels::Update& update) {
  kernels::adam(context(), {.update = update,
                            .first_moment = first_,
                            .second_moment = second_,
                            .beta1 = options_.beta1,
                            .beta2 = options_.beta2,
                            .epsilon = options_.epsilon});
}

std::vector<NamedTensor> Adam::state() const { return {{"first_moment", first_}, {"second_moment", second_}}; }

}  // namespace engine
