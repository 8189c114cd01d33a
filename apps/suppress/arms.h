#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/run/run_flags.h"
#include "apps/suppress/plant.h"
#include "apps/suppress/remedies.h"

namespace apps {

/// The user's settings.
struct SuppressRequest {
  std::string plant;  ///< --plant
  std::filesystem::path out;
  std::int64_t seeds = 1;                  ///< seeds 1, 2, ... of every arm
  std::int64_t every = 0;                  ///< steps between observations; 0: a twentieth of the training
  std::int64_t probe_images = 2000;        ///< that probes are trained on, and as many that they are tested on
  std::vector<std::string> remedies = {};  ///< names
  Layers layers = {};                      ///< recipe, --set and flags, for every run
};

/// One kind of run.
struct Arm {
  std::string name;  ///< "clean", "planted", "control", or a remedy
  Showing showing = Showing::shared;
  const Remedy* remedy = nullptr;
};

inline constexpr std::size_t kClean = 0, kPlanted = 1, kControl = 2;  // the first arms; remedies follow

/// One run of an arm.
struct ArmRun {
  std::size_t arm = 0;
  std::int64_t seed = 1;
  std::string name;  ///< of its directory: "planted-s1"
  RunArguments run;
};

constexpr std::int64_t kMostArmSeeds = 100;

/// Arms and runs of a request. The three arms with one seed come before the next seed, and remedies last.
struct ArmTable {
  Plant plant;
  std::string images;  ///< the expression that the feature is planted in
  std::vector<Arm> arms;
  std::vector<ArmRun> runs;
  Config config;  ///< of the planted arm

  /// Throws UsageError for settings that do not fit together, and for a remedy that the recipe's loss cannot have or
  /// that changes nothing.
  explicit ArmTable(const SuppressRequest& request);
};

}  // namespace apps
