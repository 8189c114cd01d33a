#pragma once
#include <functional>

#include "kernels/conv2d.h"

namespace tests {

/// An implementation of the three convolutions.
struct ConvolutionWay {
  std::function<void(const engine::Context&, const kernels::Conv2dForward&)> forward;
  std::function<void(const engine::Context&, const kernels::Conv2dDgrad&)> dgrad;
  std::function<void(const engine::Context&, const kernels::Conv2dWgrad&)> wgrad;
  double rounding = 1e-7;  ///< per term of a sum, relative to the terms: the error of a product
};

/// Checks forward, dgrad and wgrad against the definition in double, overwriting and accumulating; also that a second
/// call gives the same bits and that nothing outside the outputs is written. `dtype`: of images and weights.
void check_convolution(const engine::Context& context, const kernels::Conv2dGeometry& g, const ConvolutionWay& way,
                       engine::Dtype dtype = engine::Dtype::f32);

}  // namespace tests
