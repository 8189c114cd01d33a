#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace models {

/// An activation that a network offers under a name.
struct Tap {
  std::string name;
  std::int64_t channels = 0;
  bool spatial = false;  ///< [N,H,W,channels] instead of [N,channels]
};

/// The activations that a caller requests from a forward pass. The network offers each tap when it is computed; one
/// that was not requested costs a comparison and is not kept. A kept activation keeps its graph.
class Taps {
 public:
  explicit Taps(const std::vector<std::string>& names);

  void offer(std::string_view name, const engine::Tensor& activation);
  /// Throws engine::Error unless the network has offered it.
  const engine::Tensor& at(std::string_view name) const;
  /// The activation as [N,C]: a spatial one is averaged over rows and columns.
  engine::Tensor features(std::string_view name) const;

 private:
  std::map<std::string, engine::Tensor, std::less<>> kept_;  // undefined until offered
};

}  // namespace models
