#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "apps/config/config.h"
#include "data/bad_files.h"
#include "kernels/runtime/context.h"

namespace apps {

/// --dump-views: a PNG with one row per example: the image, and its two views in the first epoch. Under the image are
/// its labels and what the source drew for it, under each view its crop and, where each view has its own, its bits.
/// Throws UsageError if the data has fewer than `count` examples. Images that cannot be read are noted in `skipped` and
/// replaced; without it they are errors.
void write_views(const engine::Context& context, const Config& config, std::int64_t count, const std::string& path,
                 const std::shared_ptr<data::BadFiles>& skipped);

}  // namespace apps
