#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "engine/tensor.h"

namespace apps {

struct WorkOptions {
  std::int64_t batch_size = 64, image_size = 112;
  std::int64_t rows = 4096, dim = 128;
  engine::Dtype activations = engine::Dtype::f32;
};

/// Something to time, again and again on the same data.
struct Work {
  std::string name;                     ///< with its sizes
  std::function<engine::Tensor()> run;  ///< once; its loss
  double items = 0;                     ///< that one run handles
  std::string unit;                     ///< of the items: "images"
};

/// Throws UsageError for a name that `list_works` does not have, naming the nearest.
Work make_work(const engine::Context& context, const std::string& name, const WorkOptions& options);

/// A line per work: name and what it does.
std::string list_works();

}  // namespace apps
