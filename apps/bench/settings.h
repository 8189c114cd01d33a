#pragma once
#include <string>

#include "apps/bench/timing.h"
#include "apps/bench/views.h"
#include "apps/bench/works.h"
#include "apps/config/compute.h"
#include "apps/settings/table.h"

namespace apps {

/// What `bench` times, and how.
struct BenchSettings {
  std::string work = {}, kernel = {};
  std::string data = {};  ///< an expression
  ViewsOptions views = {};
  WorkOptions options = {};  ///< without the dtype of activations, which follows from the precision
  Repetitions repetitions = {};
  Compute compute = {};
  bool cuda_graph = true;
  bool profile = false;
};

/// The flags of `bench`.
const Table<BenchSettings>& bench_table();

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, BenchSettings& settings);

}  // namespace apps
