#include <iostream>

#include "apps/run/exit_code.h"
#include "apps/run/main.h"
#include "apps/runs/listing.h"

namespace {

using namespace apps;

/// Says on stderr what could not be read, a sentence each.
void report(const Entry& entry) {
  for (const std::string& problem : entry.problems) std::cerr << "runs: warning: " << problem << '\n';
}

Entry entry_at(const std::string& directory) {
  auto entry = read_entry(directory, directory);
  if (!entry)
    throw UsageError(directory + " is neither a run of pretrain (it has no config.toml) nor results of lineval");
  report(*entry);
  return *entry;
}

int runs(int argc, char** argv) {
  RunsSettings settings;
  if (!parse(argc, argv, settings)) return kSuccess;
  if (!settings.compared.empty()) {
    const Entry one = entry_at(settings.compared[0]), other = entry_at(settings.compared[1]);
    std::cout << differences(one, other, settings.form) << std::flush;
    return kSuccess;
  }
  const std::vector<Entry> found = find_entries(settings.directory);
  for (const Entry& entry : found) report(entry);
  if (found.empty())
    throw UsageError("there are no runs of pretrain and no results of lineval in " + settings.directory);
  const std::vector<Entry> entries = chosen(found, settings);
  std::cout << listing(entries, columns_of(entries, settings), settings.form) << std::flush;
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, runs); }
