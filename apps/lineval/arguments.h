#pragma once
#include <filesystem>
#include <string>

#include "apps/config/fields.h"
#include "apps/evaluation/representation.h"

namespace apps {

/// What `lineval` evaluates, how, and where the results go.
struct EvaluationSettings {
  std::string run = {};  ///< directory of the run
  std::string out = {};  ///< --out; empty: into the run's directory, or beside it for the untrained network
  bool random_init = false;
  std::string tap = Representation::kFeatures;
  bool other_data = false;  ///< whether --data says where the data is
  Config config = {};       ///< the run's, which has the protocol too, with what the flags change
};

/// The flags of `lineval`, of which most stand for keys of the run's configuration.
const Table<EvaluationSettings>& evaluation_table();

/// Reads the command line and the configuration of the run that it names. False when a text was printed and there is
/// nothing more to do. Throws UsageError, for what is no run too.
[[nodiscard]] bool parse(int argc, const char* const* argv, EvaluationSettings& settings);

/// Where the results go: --out; or the run's own directory, or one beside it for the untrained network. Those of a tap
/// go into a directory of its name, so that they do not replace the encoder's.
std::filesystem::path result_directory(const EvaluationSettings& settings);

}  // namespace apps
