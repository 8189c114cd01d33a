#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/config/fields.h"
#include "apps/evaluation/representation.h"
#include "apps/train/pretrained_encoder.h"

namespace apps {

/// What `lineval` evaluates, how, and where the results are stored.
struct EvaluationSettings {
  std::string run = {};      ///< directory of the run; empty: a file is evaluated
  std::string weights = {};  ///< that file; --arch and --normalize are in `pretrained`
  PretrainedOptions pretrained = {};
  std::string out = {};  ///< --out; empty: the run's directory, or one next to it for the untrained network
  bool random_init = false;
  bool raw = false;  ///< the pixels are evaluated, without a network
  std::string tap = Representation::kFeatures;
  std::vector<std::string> label_sets = {data::kClassLabel};  ///< each with classes to tell apart
  std::string save_features = {};                             ///< a directory; empty: features are not kept
  bool other_data = false;                                    ///< whether --data was given
  bool prints = true;  ///< the result on stdout; not if it is part of another program's
  Config config = {};  ///< the run's configuration, changed by the flags
};

/// The flags of `lineval`; most set keys of the run's configuration.
const Table<EvaluationSettings>& evaluation_table();

/// Reads the command line and the configuration of the run that it names, if it names one. Returns false if a text was
/// printed and the program is done. Throws UsageError, also if the directory is no run.
[[nodiscard]] bool parse(int argc, const char* const* argv, EvaluationSettings& settings);

/// The directory for the results for a label set: the run's directory, or one next to it for the untrained network, or
/// FILE-lineval for FILE.safetensors, or one named after the data for pixels. The results of a tap, and of another
/// label set than the first, are in a subdirectory with its name, so that they do not replace the encoder's. With --out
/// it is that directory, or, with several label sets, one in it for each.
std::filesystem::path result_directory(const EvaluationSettings& settings, const std::string& label_set);

}  // namespace apps
