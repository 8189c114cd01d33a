#include "apps/train/make_optimizer.h"

#include "apps/objectives/groups.h"

namespace apps {

using engine::OptimizerName;
using engine::ParameterKind;

engine::Treatment treatment(const engine::OptimizerOptions& options, const engine::ParameterInfo& parameter) {
  const bool kernel = parameter.kind == ParameterKind::kernel, probe = is_probe(parameter.group);
  const bool batch_norm = parameter.kind == ParameterKind::gamma || parameter.kind == ParameterKind::beta;
  engine::Treatment result;
  if (kernel && !probe) result.l2 = options.l2;
  switch (options.name) {
    case OptimizerName::lars:
      result.adapts = kernel && !probe;
      if (result.adapts) result.weight_decay = options.weight_decay;
      if (kernel && probe) result.l2 = options.weight_decay / 2;
      break;
    case OptimizerName::adam:
    case OptimizerName::sgd:
      if (!batch_norm) result.l2 += options.weight_decay / 2;
      break;
  }
  return result;
}

std::unique_ptr<engine::Optimizer> make_optimizer(const engine::OptimizerOptions& options,
                                                  const engine::ParameterSet& parameters) {
  const auto treat = [&options](const engine::ParameterInfo& parameter) { return treatment(options, parameter); };
  switch (options.name) {
    case OptimizerName::adam: return std::make_unique<engine::Adam>(parameters, options.adam, treat);
    case OptimizerName::sgd: return std::make_unique<engine::Sgd>(parameters, options.sgd, treat);
    case OptimizerName::lars: return std::make_unique<engine::Lars>(parameters, options.lars, treat);
  }
  throw engine::Error("optimizer: there is none of this name");
}

}  // namespace apps
