#pragma once
#include <string>

#include "models/conv_bn.h"
#include "models/linear.h"

namespace models {

/// A selective kernel (Li et al. 2019) as in SimCLR v2 (Chen et al. 2020): a 3x3 convolution, batch norm and ReLU to
/// two streams of `out` channels each, and their mixture. A linear layer to max(out / 16, 32), batch norm, ReLU and a
/// linear layer see the mean of the sum of both streams, and weigh them for every image and channel.
class SelectiveKernel {
 public:
  struct Options {
    std::int64_t in = 0, out = 0, stride = 1;
    /// The initial values of a kernel with this many inputs and outputs per position.
    engine::Initializer (*kernel)(std::int64_t fan_in, std::int64_t fan_out) = nullptr;
    engine::BatchNormOptions batch_norm{};
  };

  /// The convolution is `convolution`, its batch norm `batch_norm`; the rest is within `select`: "reduce", "bn",
  /// "expand".
  struct Scopes {
    engine::Scope convolution, batch_norm, select;
  };
  SelectiveKernel(const Scopes& scopes, const Options& options);

  /// x [N,H,W,in] -> [N,P,Q,out]
  engine::Tensor operator()(const engine::Tensor& x, engine::Mode mode) const;

 private:
  std::string name_;  // of the part that selects
  ConvBn streams_;
  Linear reduce_;
  BatchNorm batch_norm_;
  Linear expand_;
};

}  // namespace models
