#pragma once
#include <string>

#include "apps/measure/measurement.h"

namespace apps {

/// Tables for people, with a word on what each number says.
std::string table_text(const Measurement& measurement, const Embeddings& embeddings);

/// One JSON object in one line. What embeddings cannot have, and what is not finite, is null.
std::string json_line(const Measurement& measurement, const Embeddings& embeddings, const MeasureSettings& settings);

}  // namespace apps
