#include "models/taps.h"

#include "engine/ops/global_average_pool.h"

namespace models {

using engine::Tensor;

Taps::Taps(const std::vector<std::string>& names) {
  for (const std::string& name : names) kept_[name] = {};
}

void Taps::offer(std::string_view name, const Tensor& activation) {
  if (const auto found = kept_.find(name); found != kept_.end()) found->second = activation;
}

const Tensor& Taps::at(std::string_view name) const {
  const auto found = kept_.find(name);
  EXPECTS(found != kept_.end() && found->second, "taps: the network has shown no '", name,
          "'; ask for one that its taps() names, before the forward pass");
  return found->second;
}

Tensor Taps::features(std::string_view name) const {
  const Tensor& activation = at(name);
  return activation.shape().rank() == 4 ? engine::global_average_pool(activation) : activation;
}

}  // namespace models
