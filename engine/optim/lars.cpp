#include "engine/optim/lars.h"

#include "engine/optim/segments.h"

namespace engine {

Lars::Lars(const ParameterSet& parameters, LarsOptions options, const TreatmentOf& treatment)
    : Optimizer(parameters, treatment), options_(options), velocity_(zeros()) {
  trust_ = segment_settings(
      parameters, [&](const ParameterInfo& info) { return treatment(info).adapts ? options.trust_coefficient : 0.0f; });
}

void Lars::update(const kernels::Update& update) {
  kernels::lars(context(), {.update = update,
                            .velocity = velocity_,
                            .trust = trust_,
                            .segment_norms = segment_norms(),
                            .momentum = options_.momentum});
}

}  // namespace engine
