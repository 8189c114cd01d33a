#include "apps/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/files.h"
#include "engine/io/json.h"
#include "engine/io/sha256.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr int kFormatVersion = 1;
constexpr char kState[] = "state.json";
constexpr char kDone[] = "DONE";
constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp";

// One place that pairs names in state.json with members, for writing and reading.
constexpr std::pair<const char*, std::int64_t TrainingState::*> kStateFields[] = {
    {"step", &TrainingState::step}, {"epoch", &TrainingState::epoch},     {"cursor", &TrainingState::cursor},
    {"seed", &TrainingState::seed}, {"threads", &TrainingState::threads}, {"world_size", &TrainingState::world_size}};

std::string directory_name(std::int64_t step) { return fmt::format("{}{:08}", kPrefix, step); }

/// Complete checkpoints, newest first.
std::vector<fs::path> complete(const fs::path& directory) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  if (!fs::exists(directory)) return {};
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    std::int64_t step = 0;
    if (!name.starts_with(kPrefix) || !fs::exists(entry.path() / kDone)) continue;
    const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
    if (error == std::errc{} && end == name.data() + name.size()) found.emplace_back(step, entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

void remove_leftovers(const fs::path& directory) {
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == kTemporary) leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) engine::remove_all(path);
}

/// Takes a checkpoint out of sight in one step, then deletes it: killed in between, it is a leftover, not half a
/// checkpoint.
void discard(const fs::path& checkpoint) {
  const fs::path hidden = checkpoint.string() + ".old" + std::string(kTemporary);
  engine::rename_path(checkpoint, hidden);
  engine::remove_all(hidden);
}

/// Everything about the checkpoint in one text, and the hashes of the files that are there so far.
std::string state_json(const TrainingState& state, const fs::path& directory) {
  nlohmann::ordered_json json;
  json["format_version"] = kFormatVersion;
  for (const auto& [name, member] : kStateFields) json[name] = state.*member;
  json["sha256"] = nlohmann::ordered_json::object();
  for (const auto& entry : fs::directory_iterator(directory)) {
    json["sha256"][entry.path().filename().string()] = engine::sha256_file(entry.path());
  }
  return json.dump(2) + "\n";
}

/// Reads and verifies one checkpoint; throws engine::Error with what is wrong, to be put into a sentence.
Checkpoint load(const fs::path& directory) {
  const fs::path path = directory / kState;
  Checkpoint checkpoint = parse_state(engine::read_file(path), path.string());
  checkpoint.directory = directory;
  for (const auto& [name, hash] : checkpoint.sha256) {
    const fs::path file = directory / name;
    if (engine::sha256_file(file) != hash)
      throw engine::Error(file.string() + " does not have the SHA-256 that state.json says");
  }
  return checkpoint;
}

}  // namespace

Checkpoint parse_state(std::string_view text, const std::string& name) {
  const auto json = engine::parse_json<nlohmann::json>(text);
  const auto refuse = [&] { return engine::Error(name + " is not the state of a checkpoint"); };
  const auto number = [&](const char* key) {
    const auto value = engine::whole_number(json.at(key));
    if (!value) throw refuse();
    return *value;
  };
  Checkpoint checkpoint;
  try {
    if (const std::int64_t version = number("format_version"); version != kFormatVersion) {
      throw engine::Error(
          fmt::format("{} has format_version {}, and this program reads {}", name, version, kFormatVersion));
    }
    for (const auto& [key, member] : kStateFields) checkpoint.state.*member = number(key);
    checkpoint.sha256 = json.at("sha256").get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception&) { throw refuse(); }
  return checkpoint;
}

Checkpoints::Checkpoints(const fs::path& run_directory, std::int64_t keep)
    : directory_(run_directory / "checkpoints"), keep_(keep) {
  EXPECTS(keep >= 1, "the number of checkpoints to keep must be at least 1, got ", keep);
}

fs::path Checkpoints::save(const TrainingState& state, const std::function<void(const fs::path&)>& write_files) {
  const fs::path path = directory_ / directory_name(state.step);
  const fs::path temporary = path.string() + std::string(kTemporary);
  try {
    engine::create_directories(directory_);
    remove_leftovers(directory_);
    engine::create_directories(temporary);
    write_files(temporary);
    engine::atomic_write_file(temporary / kState, state_json(state, temporary));
    engine::atomic_write_file(temporary / kDone, "");  // last; each of these writes syncs the directory too
    if (fs::exists(path)) discard(path);               // rename does not replace a directory that has something in it
    engine::rename_path(temporary, path);
    engine::sync_directory(directory_);
  } catch (const engine::Error& error) {
    std::error_code ignored;  // a half checkpoint must not keep a full disk full
    if (!fs::exists(temporary / kDone, ignored)) fs::remove_all(temporary, ignored);
    throw engine::Error(
        fmt::format("the checkpoint of step {} was not written: {}; earlier checkpoints are intact, so "
                    "run again with --resume once this is put right",
                    state.step, error.what()));
  }
  engine::atomic_write_file(directory_ / "latest", path.filename().string() + "\n");
  const auto all = complete(directory_);
  for (std::size_t i = static_cast<std::size_t>(keep_); i < all.size(); ++i) {
    if (all[i] != path) discard(all[i]);
  }
  return path;
}

std::optional<Checkpoint> Checkpoints::newest() const {
  const auto all = complete(directory_);
  if (all.empty()) return std::nullopt;
  try {
    return load(all.front());
  } catch (const engine::Error& damage) {
    for (auto earlier = all.begin() + 1; earlier != all.end(); ++earlier) {
      try {
        load(*earlier);
      } catch (const engine::Error&) { continue; }
      throw engine::DataError(
          fmt::format("checkpoint {} is damaged: {}; to resume from {}, which is intact, remove the newer ones",
                      all.front().filename().string(), damage.what(), earlier->filename().string()));
    }
    throw engine::DataError(fmt::format("checkpoint {} is damaged: {}; no earlier one is intact, so start a new run",
                                        all.front().filename().string(), damage.what()));
  }
}

}  // namespace apps
