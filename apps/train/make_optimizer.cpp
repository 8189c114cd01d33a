#include "apps/train/make_optimizer.h"

#include "apps/train/groups.h"
#include "engine/optim/adam.h"
#include "engine/optim/lars.h"
#include "engine/optim/sgd.h"

namespace apps {

using engine::ParameterKind;

engine::Treatment treatment(const Config::Optim& optim, const engine::ParameterInfo& parameter) {
  const bool kernel = parameter.kind == ParameterKind::kernel, probe = is_probe(parameter.group);
  const bool batch_norm = parameter.kind == ParameterKind::gamma || parameter.kind == ParameterKind::beta;
  engine::Treatment result;
  if (kernel && !probe) result.l2 = optim.l2;
  if (optim.name == "lars") {
    result.adapts = kernel && !probe;
    if (result.adapts) result.weight_decay = optim.weight_decay;
    if (kernel && probe) result.l2 = optim.weight_decay / 2;
  } else if (!batch_norm) {
    result.l2 += optim.weight_decay / 2;
  }
  return result;
}

std::unique_ptr<engine::Optimizer> make_optimizer(const Config::Optim& optim, const engine::ParameterSet& parameters) {
  const auto number = [](double value) { return static_cast<float>(value); };
  const auto treat = [&optim](const engine::ParameterInfo& parameter) { return treatment(optim, parameter); };
  if (optim.name == "lars") {
    const engine::LarsOptions options{.momentum = number(optim.momentum),
                                      .trust_coefficient = number(optim.trust_coefficient)};
    return std::make_unique<engine::Lars>(parameters, options, treat);
  }
  if (optim.name == "sgd") {
    const engine::SgdOptions options{
        .momentum = number(optim.momentum), .nesterov = optim.nesterov, .rate_in_velocity = optim.sgd_form == "keras"};
    return std::make_unique<engine::Sgd>(parameters, options, treat);
  }
  const engine::AdamOptions options{
      .beta1 = number(optim.beta1), .beta2 = number(optim.beta2), .epsilon = number(optim.eps)};
  return std::make_unique<engine::Adam>(parameters, options, treat);
}

}  // namespace apps
