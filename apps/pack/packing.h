#pragma once
#include <cstdint>
#include <memory>

#include "apps/pack/settings.h"
#include "data/bad_files.h"

namespace apps {

/// What was packed or verified.
struct Packing {
  std::int64_t train = 0, test = 0;           ///< examples
  std::uint64_t bytes = 0;                    ///< of the file
  std::shared_ptr<data::BadFiles> skipped{};  ///< with PackSettings::skip_bad
};

/// Packs what the settings say. Throws UsageError for a source that cannot be packed, DataError for images that cannot
/// be read, and Interrupted; then nothing has changed.
Packing pack(const PackSettings& settings);

/// Reads all images of a packed file. Throws DataError at the first that is damaged.
Packing verify(const PackSettings& settings);

}  // namespace apps
