#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace apps {

struct WorkOptions {
  std::int64_t batch_size = 64, image_size = 112;
  std::int64_t rows = 4096, dim = 128;
  engine::Dtype activations = engine::Dtype::f32;
};

/// A benchmark: something that is timed repeatedly on the same data.
struct Work {
  std::string name;                     ///< includes its sizes
  std::function<engine::Tensor()> run;  ///< runs it once and returns its loss
  double items = 0;                     ///< number of items that one run processes
  std::string unit;                     ///< the name of an item: "images"
};

/// Throws UsageError for a name that is not in `list_works`; the message names the nearest one.
Work make_work(const engine::Context& context, const std::string& name, const WorkOptions& options);

/// The names of all works.
std::vector<std::string_view> work_names();
/// One line per work: its name and what it does.
std::string list_works();

}  // namespace apps
