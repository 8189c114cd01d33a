#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/evaluation/linear_probe.h"
#include "apps/evaluation/representation.h"
#include "apps/run/config.h"

namespace apps {

/// The command line of `lineval`.
struct EvaluationArguments {
  std::string run = {}, out = {};
  bool random_init = false;
  std::string data = {}, device = {}, threads = {}, report = {};  ///< empty: the run's
  std::string precision = "fp32";
  std::string tap = Representation::kFeatures;
  std::int64_t seed = 1, batch_size = 512, epochs = 90, k = 200;
  std::string learning_rates = "0.03,0.1,0.3,1,3,10,30,100,300";
};

/// Reads the command line. False when a text was printed and there is nothing more to do. Throws UsageError.
[[nodiscard]] bool parse(int argc, char** argv, EvaluationArguments& arguments);

/// The run's configuration with what the arguments change. Throws UsageError for what is no run.
Config evaluated_config(const EvaluationArguments& arguments);

/// Throws UsageError for learning rates that are not numbers or not in range.
LinearProbeOptions probe_options(const EvaluationArguments& arguments);

/// Where the results go: --out; or the run's own directory, or one beside it for the untrained network. Those of a tap
/// go into a directory of its name, so that they do not replace the encoder's.
std::filesystem::path result_directory(const EvaluationArguments& arguments);

}  // namespace apps
