#pragma once
#include <string>

#include "engine/io/safetensors.h"
#include "engine/tensor.h"

namespace tests {

/// Values computed by PyTorch or numpy: tests/golden/NAME.safetensors, written by tools/golden/generate.py.
class Fixture {
 public:
  Fixture(const engine::Context& context, const std::string& name);

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  /// In our layout: images NHWC, convolution weights KRSC.
  engine::Tensor tensor(const std::string& name) const;
  /// Checks |actual - expected| <= tolerance * the largest |expected| of the tensor.
  void expect_close(const engine::Tensor& actual, const std::string& name, double tolerance) const;

 private:
  const engine::Context& context_;
  engine::SafetensorsFile file_;
};

}  // namespace tests
