#pragma once
#include "engine/optim/adam.h"
#include "engine/optim/lars.h"
#include "engine/optim/sgd.h"

namespace engine {

enum class OptimizerName { adam, sgd, lars };
template <>
inline constexpr std::array kNames<OptimizerName> = {"adam", "sgd", "lars"};

/// An optimizer's name, and the options of each one.
struct OptimizerOptions {
  OptimizerName name = OptimizerName::adam;
  AdamOptions adam = {};
  SgdOptions sgd = {};
  LarsOptions lars = {};
  double weight_decay = 0, l2 = 0;  ///< whoever creates the optimizer decides which parameters they apply to
  bool operator==(const OptimizerOptions&) const = default;
};

}  // namespace engine
