#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/compute.h"
#include "apps/run/data_fingerprint.h"
#include "apps/suppress/observation.h"
#include "apps/suppress/run_table.h"

namespace apps {

/// What finished runs' networks carry: of runs of `suppress` what it saw during the training, of others what the
/// weights say that the run has kept, and those that it began with, which follow from its seed.
class KeptWeights {
 public:
  struct Options {
    std::int64_t probe_images = 0;              ///< at most
    std::optional<engine::Device> device = {};  ///< none: each run's own
    std::optional<std::int64_t> threads = {}, workers = {};
  };
  explicit KeptWeights(const Options& options) : options_(options) {}

  struct Looks {
    std::vector<Observation> observations = {};  ///< by step
    std::string from = {};     ///< where they are from, for people: "the weights after steps 0, 40, 80"
    std::string missing = {};  ///< why there are none, or fewer than there could be
  };
  /// Nothing if a signal asks to stop meanwhile. Throws UsageError if the device is not there.
  std::optional<Looks> look(const TableRun& run);

 private:
  DataFingerprint fingerprint(const Config& config);

  Options options_;
  std::map<std::string, DataFingerprint> fingerprints_;  // by the images' expression: reading them all takes time
};

}  // namespace apps
