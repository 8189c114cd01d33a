#pragma once
#include <string>

#include "apps/bench/timing.h"
#include "apps/bench/views.h"
#include "apps/bench/works.h"
#include "apps/config/compute.h"
#include "apps/settings/table.h"

namespace apps {

/// Where the fastest algorithm of a problem is known from.
enum class BenchPlans {
  timed,    ///< timed by this process
  machine,  ///< the machine's cache, as in `pretrain`; what it lacks is timed and added
};

/// What `bench` times, and how.
struct BenchSettings {
  std::string list = {};  ///< a file with the arguments of one work in each line
  std::string line = {};  ///< of that file
  std::string work = {}, kernel = {};
  std::string data = {};  ///< an expression
  ViewsOptions views = {};
  WorkOptions options = {};  ///< without the dtype of activations, which follows from the precision
  Repetitions repetitions = {};
  Compute compute = {};
  BenchPlans plans = BenchPlans::timed;
  bool cuda_graph = true;
  bool profile = false;
};

/// The flags of `bench`.
const Table<BenchSettings>& bench_table();

/// Reads the command line over what `settings` are. Returns false if a text was printed and the program is done. Throws
/// UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, BenchSettings& settings);

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::BenchPlans> = {"timed", "machine"};
