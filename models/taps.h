#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace models {

/// An activation that a network can show under a name.
struct Tap {
  std::string name;
  std::int64_t channels = 0;
  bool spatial = false;  ///< [N,H,W,channels] instead of [N,channels]
};

/// The activations that someone asks a forward pass for. The network offers each tap as it comes by; one that nobody
/// asked for costs a comparison and is not kept. What is kept has its graph.
class Taps {
 public:
  explicit Taps(const std::vector<std::string>& names);

  void offer(std::string_view name, const engine::Tensor& activation);
  /// Throws engine::Error unless the network has offered it.
  const engine::Tensor& at(std::string_view name) const;
  /// The same as [N,C]: a spatial one is averaged over its rows and columns.
  engine::Tensor features(std::string_view name) const;

 private:
  std::map<std::string, engine::Tensor, std::less<>> kept_;  // undefined until offered
};

}  // namespace models
