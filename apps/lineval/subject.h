#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "apps/lineval/arguments.h"
#include "data/source.h"
#include "engine/parameters.h"
#include "models/encoder.h"
#include "models/projection_head.h"

namespace apps {

/// What is evaluated: the network of a run or of a file, or none (--raw), whose features are the pixels.
struct Subject {
  engine::ParameterSet parameters = {};
  std::unique_ptr<models::Encoder> encoder = {};
  std::optional<models::ProjectionHead> head = {};
  std::int64_t step = 0;
  std::string arch = {}, input = {};  ///< its name, and what happens to its images
};

/// Loads it for images of this source. Throws UsageError for a run without a checkpoint.
Subject subject_of(const engine::Context& context, const EvaluationSettings& settings, const data::Source& source);

}  // namespace apps
