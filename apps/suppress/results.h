#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/suppress/arms.h"

namespace apps {

/// What the numbers of a report follow from, beside the runs' own settings.
struct SuppressSettings {
  std::int64_t steps = 0;         ///< of every run
  std::int64_t every = 0;         ///< steps between observations
  std::int64_t probe_images = 0;  ///< at most
  std::int64_t batch_size = 0;
};

/// The contents of suppress.json: curves of every arm, where losses cross, the verdict once each of the three arms has
/// a finished run, and the remedies by how much they regain. `environment`: as in env.json.
nlohmann::ordered_json suppress_json(const ArmTable& table, const SuppressSettings& settings,
                                     const std::string& environment);

/// Makes report.md from suppress.json.
std::string suppress_markdown(const nlohmann::ordered_json& results);

}  // namespace apps
