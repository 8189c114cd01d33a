#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/config/fields.h"

namespace apps {

/// What `measure` measures, and what it prints.
struct MeasureSettings {
  std::string embeddings = {}, second_view = {};              ///< files; the second may be absent
  std::string tensor = {};                                    ///< of safetensors files; empty: their only one
  int views = 2;                                              ///< of a single file: 2 are stacked
  std::string images = {};                                    ///< file with the image of each row; empty: by `views`
  std::vector<std::pair<std::string, std::string>> labels{};  ///< name and file
  int neighbours = 200;
  bool one_loss = false;      ///< only config.loss.name; otherwise every loss
  bool one_prior = false;     ///< only config.loss.prior; otherwise every prior, where a loss has one
  std::string gradient = {};  ///< file for the gradient of that loss; empty: none
  bool json = false;
  Config config = {};  ///< its loss, device, threads and seed
};

/// The flags of `measure`; those of losses set keys of the configuration.
const Table<MeasureSettings>& measure_table();

/// Whether a key of losses is about how a loss changes from step to step: here is only one.
bool is_over_time(std::string_view key);

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, MeasureSettings& settings);

}  // namespace apps
