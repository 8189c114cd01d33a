#pragma once
#include <optional>

#include "kernels/runtime/names.h"

namespace losses {

enum class LossName { nt_xent, cross_view };

/// A loss and its parameters. Each parameter belongs to the losses named beside it.
struct Options {
  LossName name = LossName::nt_xent;

  std::optional<float> temperature;  ///< divides the similarities; absent: 0.1
  float resolved_temperature() const { return temperature.value_or(0.1f); }

  bool operator==(const Options&) const = default;
};

}  // namespace losses

template <>
inline constexpr std::array engine::kNames<losses::LossName> = {"nt-xent", "cross-view"};
