#pragma once
#include <string>
#include <string_view>

#include "engine/parameters.h"

namespace engine {

/// A place in a ParameterSet where layers add tensors: a group, and a prefix of their names.
///
///     const Scope block = Scope(parameters, "encoder") / "layer1" / "0";
///     block.add("conv1.weight", ...);  // "encoder.layer1.0.conv1.weight", in the group "encoder"
class Scope {
 public:
  /// A whole group. Its name may contain a dot: "encoder", "probe.digit".
  Scope(ParameterSet& parameters, const std::string& group);
  Scope operator/(std::string_view child) const;

  /// Both throw engine::Error if the set already has this name.
  Parameter add(std::string_view leaf, Shape shape, ParameterKind kind, Initializer initializer) const;
  State add_state(std::string_view leaf, Shape shape, float initial, Dtype dtype = Dtype::f32) const;

  const std::string& name() const { return name_; }  ///< "encoder.layer1.0"

 private:
  Scope(ParameterSet& parameters, std::string group, std::string name);

  ParameterSet* parameters_;
  std::string group_, name_;
};

}  // namespace engine
