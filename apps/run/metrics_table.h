#pragma once
#include <filesystem>
#include <string>

namespace apps {

/// The records of a metrics.jsonl as CSV: a line for each, a column for each name that any has. What a record lacks is
/// empty; a number that is not finite is nan.
std::string metrics_table(const std::string& records);

/// Writes RUN/metrics.csv, which follows from RUN/metrics.jsonl alone. A run writes it whenever it ends.
void write_metrics_table(const std::filesystem::path& run);

}  // namespace apps
