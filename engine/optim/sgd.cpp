#include "engine/optim/sgd.h"

namespace engine {
namespace {

bool rate_in_velocity(SgdForm form) {
  switch (form) {
    case SgdForm::pytorch: return false;
    case SgdForm::keras: return true;
  }
  return false;
}

}  // namespace

Sgd::Sgd(const ParameterSet& parameters, SgdOptions options, const TreatmentOf& treatment)
    : Optimizer(parameters, treatment), options_(options), velocity_(zeros()) {}

void Sgd::update(const kernels::Update& update) {
  kernels::sgd(context(), {.update = update,
                           .velocity = velocity_,
                           .momentum = options_.momentum,
                           .nesterov = options_.nesterov,
                           .rate_in_velocity = rate_in_velocity(options_.form)});
}

}  // namespace engine
