#pragma once
#include <optional>
#include <vector>

#include "models/batch_norm.h"
#include "models/linear.h"
#include "models/taps.h"

namespace models {

/// The multi-layer perceptron between encoder and loss (SimCLR v2, code). Hidden layers: linear without bias, batch
/// norm, ReLU. Last layer: linear without bias and, optionally, batch norm with gamma but no beta. Taps: "layer1",
/// "layer2", ...: the output of each layer, the last being the projections.
class ProjectionHead {
 public:
  struct Options {
    std::int64_t in = 0;      ///< width of the encoder's output
    std::int64_t layers = 2;  ///< linear layers, at least 1
    std::int64_t hidden = 0;  ///< width of the hidden layers; 0 means `in`
    std::int64_t out = 64;
    bool output_batch_norm = true;
    bool glorot = false;  ///< Glorot uniform kernels (ConvN's notebook) instead of N(0, 0.01^2) (SimCLR)
    engine::BatchNormOptions batch_norm{};
    bool operator==(const Options&) const = default;
  };

  ProjectionHead(const engine::Scope& scope, const Options& options);

  /// features [N, in] -> projections [N, out] in f32, not normalised
  engine::Tensor forward(const engine::Tensor& features, engine::Mode mode, Taps* taps = nullptr) const;
  /// The activations that `forward` offers, from first to last.
  std::vector<Tap> taps() const;

 private:
  struct Layer {
    Tap tap;
    Linear linear;
    std::optional<BatchNorm> batch_norm;
  };
  std::vector<Layer> layers_;
};

}  // namespace models
