#include "apps/runs/entry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/run/config_layers.h"
#include "apps/run/json_text.h"
#include "apps/run/numbered_name.h"
#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = "config.toml", kResult[] = "result.json", kEval[] = "eval", kLineval[] = "lineval.json";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_own_directory(const fs::path& path) {  // not a link
  std::error_code error;
  return fs::is_directory(path, error) && !fs::is_symlink(path, error);
}

/// The directories in a directory, by name; none if it cannot be read.
std::vector<fs::path> directories_in(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (is_own_directory(entry->path())) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Adds the numbers and texts of a file with one JSON object, with `prefix` before their names. If the file is damaged,
/// that is noted. Values that are there already, such as keys of the configuration, stay.
void add_json(Entry& entry, const fs::path& path, const std::string& prefix) {
  try {
    const auto json = engine::parse_json<nlohmann::json>(engine::read_file(path));
    if (!json.is_object()) throw engine::DataError("it is not one JSON object");
    for (const auto& [key, value] : json.items()) {
      const bool about_itself = key == "run" || key == "protocol";
      if (!value.is_structured() && !value.is_null() && !about_itself)
        entry.values.emplace(prefix + key, plain_text(value));
    }
  } catch (const engine::Error& error) {
    entry.problems.push_back(engine::concat(path.string(), " cannot be read: ", error.what()));
  }
}

/// Adds the evaluations in a directory and below.
void add_evaluations(Entry& entry, const fs::path& directory, const std::string& prefix) {
  if (is_there(directory / kLineval)) add_json(entry, directory / kLineval, prefix);
  for (const fs::path& below : directories_in(directory)) {
    const std::string name = below.filename();
    // "new.tmp" and "new.N" are an evaluation that is being stored.
    if (!name.starts_with("new.")) add_evaluations(entry, below, engine::concat(prefix, name, '/'));
  }
}

void add_config(Entry& entry, const fs::path& path) {
  try {
    const Config config = read_config(path);
    for (const ConfigField& field : config_table()) entry.values.emplace(field.key, field.text(config));
  } catch (const engine::Error& error) {
    entry.problems.push_back(engine::concat("not the configuration of a run: ", error.what()));
  }
}

/// The step of the newest checkpoint, by name alone.
void add_checkpointed_step(Entry& entry, const fs::path& run) {
  std::int64_t newest = -1;
  for (const fs::path& checkpoint : directories_in(run / "checkpoints"))
    newest = std::max(newest, number_in(checkpoint.filename().string(), "step_").value_or(-1));
  if (newest >= 0) entry.values.emplace("step", std::to_string(newest));
}

void find_below(const fs::path& directory, const fs::path& root, std::vector<Entry>& entries) {
  const fs::path name = directory.lexically_relative(root);
  if (auto entry = read_entry(directory, name)) {
    entries.push_back(std::move(*entry));
    return;
  }
  for (const fs::path& below : directories_in(directory)) find_below(below, root, entries);
}

}  // namespace

std::optional<std::string> value_of(const Entry& entry, const std::string& key) {
  if (key == "run") return entry.name;
  if (key == "status") return entry.status;
  const auto found = entry.values.find(key);
  return found == entry.values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Entry> read_entry(const fs::path& directory, const std::string& name) {
  Entry entry{.name = name, .status = "evaluation"};
  if (is_there(directory / kConfig)) {
    entry.status = is_there(directory / kResult) ? "finished" : is_there(directory / "crash") ? "failed" : "unfinished";
    add_config(entry, directory / kConfig);
    if (is_there(directory / kResult))
      add_json(entry, directory / kResult, "");
    else
      add_checkpointed_step(entry, directory);
    add_evaluations(entry, directory / kEval, "");
  } else if (is_there(directory / kEval / kLineval)) {
    add_evaluations(entry, directory / kEval, "");
  } else if (is_there(directory / kLineval)) {
    add_evaluations(entry, directory, "");
  } else {
    return std::nullopt;
  }
  if (!entry.problems.empty()) entry.status = "damaged";
  return entry;
}

std::vector<Entry> find_entries(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    throw UsageError(engine::concat("there is no directory ", directory.string(), "; give the one that runs are in"));
  std::vector<Entry> entries;
  find_below(directory, directory, entries);
  return entries;
}

}  // namespace apps
