#pragma once
#include "kernels/runtime/names.h"

namespace losses {

enum class LossName { nt_xent, cross_view };

struct Options {
  LossName name = LossName::nt_xent;
  float temperature = 0.1f;  ///< divides the similarities
  bool operator==(const Options&) const = default;
};

}  // namespace losses

template <>
inline constexpr std::array engine::kNames<losses::LossName> = {"nt-xent", "cross-view"};
