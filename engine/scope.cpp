#include "engine/scope.h"

#include <utility>

namespace engine {

Scope::Scope(ParameterSet& parameters, const std::string& group) : Scope(parameters, group, group) {}

Scope::Scope(ParameterSet& parameters, std::string group, std::string name)
    : parameters_(&parameters), group_(std::move(group)), name_(std::move(name)) {}

Scope Scope::operator/(std::string_view child) const { return {*parameters_, group_, concat(name_, '.', child)}; }

Parameter Scope::add(std::string_view leaf, Shape shape, ParameterKind kind, Initializer initializer) const {
  return parameters_->add(
      {.name = concat(name_, '.', leaf), .shape = shape, .kind = kind, .group = group_, .initializer = initializer});
}

State Scope::add_state(std::string_view leaf, Shape shape, float initial, Dtype dtype) const {
  return parameters_->add_state(
      {.name = concat(name_, '.', leaf), .shape = shape, .dtype = dtype, .group = group_, .initial = initial});
}

}  // namespace engine
