#include "apps/suppress/run_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "apps/run/config_layers.h"
#include "apps/settings/usage_error.h"
#include "apps/train/run_result.h"
#include "engine/io/files.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> runs_in(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    throw UsageError(
        fmt::format("--table {} is not a directory; give one with finished runs of pretrain, reproduce or suppress",
                    directory.string()));
  }
  std::vector<fs::path> found;
  fs::directory_iterator entry(directory, error);
  if (error) throw UsageError(fmt::format("--table {} cannot be read: {}", directory.string(), error.message()));
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (fs::exists(entry->path() / "config.toml", error)) found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

/// Why there is no run; or the run.
std::optional<TableRun> read_run(const fs::path& directory, std::vector<std::string>& left_out) {
  const std::string name = directory.filename();
  try {
    TableRun run{.name = name, .directory = directory, .config = read_config(directory / "config.toml"), .planted = {}};
    const auto result = read_result(directory);
    if (!result) {
      const bool failed = fs::is_directory(directory / "crash");
      left_out.push_back(failed ? fmt::format("{}: its numbers became infinite or NaN", name)
                                : fmt::format("{}: it is not finished; the command that began it goes on", name));
      return std::nullopt;
    }
    run.steps = result->step;
    run.planted = planted_in(run.config.data);
    return run;
  } catch (const engine::Error& error) {
    left_out.push_back(fmt::format("{}: {}", name, error.what()));
    return std::nullopt;
  }
}

/// Whether two runs with other values of this key are two different trainings, beside what arms and seeds differ in.
bool is_compared(const ConfigField& field) {
  static const std::set<std::string_view> others{"data.source", "data.bits",   "data.bits_per_fetch",
                                                 "train.seed",  "run.threads", "run.plans"};
  return field.on_resume != OnResume::change && !others.contains(field.key);
}

/// Key and text of all settings that runs of one setting share.
std::vector<Setting> settings_of(const TableRun& run) {
  std::vector<Setting> settings{{"data.source", run.planted.same_images()}};
  for (const ConfigField& field : config_table())
    if (is_compared(field)) settings.emplace_back(field.key, field.text(run.config));
  return settings;
}

/// "loss.ifm_epsilon (0 and 0.1)"
std::vector<std::string> differences(const TableRun& one, const TableRun& other) {
  const std::vector<Setting> a = settings_of(one), b = settings_of(other);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) texts.push_back(fmt::format("{} ({} and {})", a[i].first, a[i].second, b[i].second));
  if (one.config.train.seed != other.config.train.seed)
    texts.push_back(fmt::format("train.seed ({} and {})", one.config.train.seed, other.config.train.seed));
  return texts;
}

bool is_planted(const TableRun& run) { return run.planted.showing == Showing::shared; }

/// The most similar clean run, and in what it differs; empty if there is none.
std::string nearest_clean(const TableRun& planted, const std::vector<TableRun>& runs) {
  const TableRun* nearest = nullptr;
  std::vector<std::string> least;
  for (const TableRun& run : runs) {
    if (run.planted.showing != Showing::nothing) continue;
    std::vector<std::string> texts = differences(planted, run);
    if (nearest && texts.size() >= least.size()) continue;
    nearest = &run;
    least = std::move(texts);
  }
  if (!nearest || least.empty()) return {};
  constexpr std::size_t kTold = 4;
  const std::size_t more = least.size() > kTold ? least.size() - kTold : 0;
  least.resize(least.size() - more);
  return fmt::format("{} and {} differ in {}{}", planted.name, nearest->name, fmt::join(least, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

using Seeds = std::set<std::int64_t>;

Seeds seeds_of(const std::vector<TableRun>& runs) {
  Seeds seeds;
  for (const TableRun& run : runs) seeds.insert(run.config.train.seed);
  return seeds;
}

/// Keeps the seeds that all arms have. An arm that has none of the planted runs' seeds is no partner.
void pair_seeds(TableRow& row) {
  std::vector<TableRun>& planted = row.arms[kPlanted];
  for (const std::size_t arm : {kClean, kControl}) {
    std::vector<TableRun>& runs = row.arms[arm];
    Seeds both;
    std::ranges::set_intersection(seeds_of(planted), seeds_of(runs), std::inserter(both, both.end()));
    if (both.empty()) {
      runs.clear();
      continue;
    }
    for (std::vector<TableRun>& kept : row.arms)
      std::erase_if(kept, [&](const TableRun& run) { return !both.contains(run.config.train.seed); });
  }
}

/// A clean network with as many planes, all zero, is nearer than one without planes.
void add_clean(TableRow& row, const std::vector<const TableRun*>& group) {
  for (const bool with_planes : {true, false}) {
    for (const TableRun* run : group) {
      const std::optional<Plant>& plant = run->planted.plant;
      const bool fits = with_planes ? plant && plant->text() == row.plant.text() : !plant;
      if (run->planted.showing == Showing::nothing && fits) row.arms[kClean].push_back(*run);
    }
    if (!row.arms[kClean].empty()) return;
  }
}

/// The rows of runs that share all settings.
std::vector<TableRow> rows_of(const std::vector<const TableRun*>& group) {
  // Shorter texts first, so that 5 bits come before 10.
  using Key = std::tuple<std::size_t, std::string, bool>;
  std::map<Key, TableRow> rows;
  for (const TableRun* run : group) {
    if (!is_planted(*run)) continue;
    const Plant& plant = *run->planted.plant;
    const Key key{plant.text().size(), plant.text(), run->planted.every_visit};
    const auto [row, is_new] = rows.try_emplace(
        key, TableRow{.plant = plant, .every_visit = run->planted.every_visit, .images = run->planted.images});
    row->second.arms[kPlanted].push_back(*run);
  }
  std::vector<TableRow> all;
  for (auto& [key, row] : rows) {
    add_clean(row, group);
    for (const TableRun* run : group) {
      if (run->planted.showing == Showing::redrawn && run->planted.plant->text() == row.plant.text())
        row.arms[kControl].push_back(*run);
    }
    pair_seeds(row);
    all.push_back(std::move(row));
  }
  return all;
}

/// Tells rows apart by the settings that are not the same in all.
void name_settings(std::vector<TableRow>& rows) {
  const auto settings_of_row = [](const TableRow& row) { return settings_of(row.arms[kPlanted].front()); };
  std::set<std::string> differing;
  const std::vector<Setting> first = settings_of_row(rows.front());
  for (const TableRow& row : rows) {
    const std::vector<Setting> own = settings_of_row(row);
    for (std::size_t i = 0; i < own.size(); ++i)
      if (own[i] != first[i]) differing.insert(own[i].first);
  }
  for (TableRow& row : rows) {
    for (const Setting& setting : settings_of_row(row))
      if (differing.contains(setting.first)) row.settings.push_back(setting);
  }
}

bool has_partner(const TableRow& row) { return !row.arms[kClean].empty() || !row.arms[kControl].empty(); }

/// Throws if nothing can be said of these runs.
void check_comparable(const fs::path& directory, const std::vector<TableRun>& runs, const std::vector<TableRow>& rows) {
  if (rows.empty()) {
    throw UsageError(fmt::format(
        "--table {}: no finished run there has a planted feature that views share: bits (data.bits, randbit), "
        "values (planted) or digits over the images (overlay)",
        directory.string()));
  }
  const bool has_others = std::ranges::any_of(runs, [](const TableRun& run) { return !is_planted(run); });
  if (!has_others || std::ranges::any_of(rows, has_partner)) return;
  throw UsageError(fmt::format(
      "--table {}: no two runs differ in the planted feature alone: {}; train the same "
      "recipe without the feature",
      directory.string(), rows.front().nearest_clean.empty() ? "there is no clean run" : rows.front().nearest_clean));
}

}  // namespace

RunTable read_run_table(const fs::path& directory) {
  RunTable table;
  std::vector<TableRun> runs;
  for (const fs::path& path : runs_in(directory))
    if (auto run = read_run(path, table.left_out)) runs.push_back(std::move(*run));
  if (runs.empty()) {
    constexpr std::size_t kTold = 3;
    const std::size_t more = table.left_out.size() - std::min(table.left_out.size(), kTold);
    table.left_out.resize(table.left_out.size() - more);
    throw UsageError(fmt::format("--table {} has no finished run{}{}", directory.string(),
                                 table.left_out.empty()
                                     ? "; expected directories of pretrain, each with config.toml and result.json"
                                     : fmt::format(": {}", fmt::join(table.left_out, "; ")),
                                 more > 0 ? fmt::format("; and {} more", more) : ""));
  }
  std::map<std::vector<Setting>, std::vector<const TableRun*>> by_settings;
  std::vector<const std::vector<Setting>*> order;  // of the first run of each
  for (const TableRun& run : runs) {
    const auto [group, is_new] = by_settings.try_emplace(settings_of(run));
    if (is_new) order.push_back(&group->first);
    group->second.push_back(&run);
  }
  for (const std::vector<Setting>* settings : order) {
    for (TableRow& row : rows_of(by_settings.at(*settings))) table.rows.push_back(std::move(row));
  }
  std::set<std::string> used;
  for (TableRow& row : table.rows) {
    if (row.arms[kClean].empty()) row.nearest_clean = nearest_clean(row.arms[kPlanted].front(), runs);
    for (const auto& arm : row.arms)
      for (const TableRun& run : arm) used.insert(run.name);
  }
  check_comparable(directory, runs, table.rows);
  for (const TableRun& run : runs) {
    if (!used.contains(run.name))
      table.left_out.push_back(fmt::format("{}: no planted run has its settings and its seed", run.name));
  }
  name_settings(table.rows);
  return table;
}

}  // namespace apps
