#pragma once
#include <string>
#include <vector>

#include "apps/runs/entry.h"
#include "apps/runs/settings.h"

namespace apps {

/// The chosen entries in order. Throws UsageError for a key that no entry and no configuration has.
std::vector<Entry> chosen(std::vector<Entry> entries, const RunsSettings& settings);

/// The keys to show: --columns; or the usual ones, as far as an entry has them, and those of the other flags.
std::vector<std::string> columns_of(const std::vector<Entry>& entries, const RunsSettings& settings);

/// The entries, a line each, in this form. A value that an entry lacks is empty, in JSON null.
std::string listing(const std::vector<Entry>& entries, const std::vector<std::string>& columns,
                    RunsSettings::Form form);

/// In what two entries differ, a line for each key: key, value of the one, value of the other.
std::string differences(const Entry& one, const Entry& other, RunsSettings::Form form);

}  // namespace apps
