#include "apps/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "apps/run/json_text.h"
#include "apps/run/numbered_name.h"
#include "apps/settings/limits.h"
#include "engine/io/files.h"
#include "engine/io/json.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/context.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormatVersion = 2, kWithoutHash = 1;
constexpr std::int64_t kMostRanks = 1 << 20;
constexpr char kState[] = "state.json";
constexpr char kDone[] = "DONE";
constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp";

// Pairs of names in state.json and members, for both writing and reading.
struct StateField {
  const char* name;
  std::int64_t TrainingState::*member;
  std::int64_t min, max;
};
constexpr StateField kStateFields[] = {{"step", &TrainingState::step, 0, kMostSteps},
                                       {"epoch", &TrainingState::epoch, 0, kMostSteps},
                                       {"cursor", &TrainingState::cursor, 0, INT64_MAX},
                                       {"seed", &TrainingState::seed, 0, INT64_MAX},
                                       {"threads", &TrainingState::threads, 1, engine::Context::kMostThreads},
                                       {"world_size", &TrainingState::world_size, 1, kMostRanks}};

std::string directory_name(std::int64_t step) { return fmt::format("{}{:08}", kPrefix, step); }

/// Complete checkpoints, newest first.
std::vector<fs::path> complete(const fs::path& directory) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  if (!fs::exists(directory)) return {};
  for (const auto& entry : fs::directory_iterator(directory)) {
    const auto step = number_in(entry.path().filename().string(), kPrefix);
    if (step && fs::exists(entry.path() / kDone)) found.emplace_back(*step, entry.path());
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

/// Renames a checkpoint before deleting it: a kill during the deletion leaves a temporary directory, not half a
/// checkpoint.
void discard(const fs::path& checkpoint) {
  const fs::path hidden = checkpoint.string() + ".old" + std::string(kTemporary);
  engine::rename_path(checkpoint, hidden);
  engine::remove_all(hidden);
}

using Hashes = std::map<std::string, std::string>;

/// The contents of state.json; the last entry is the hash of all the others.
std::string state_json(const TrainingState& state, const Hashes& sha256) {
  nlohmann::ordered_json json;
  json["format_version"] = kFormatVersion;
  for (const StateField& field : kStateFields) json[field.name] = state.*field.member;
  json["loss"] = nullptr;
  if (state.loss) json["loss"] = *state.loss;
  json["data"] = nullptr;
  if (state.data) json["data"] = {{"train_sha256", state.data->train}, {"test_sha256", state.data->test}};
  json["sha256"] = sha256;
  const std::string text = json_text(json);
  json["state_sha256"] = engine::sha256(std::as_bytes(std::span(text)));
  return json_text(json, 2) + "\n";
}

/// The hashes of the files that exist so far.
Hashes hashes(const fs::path& directory) {
  Hashes sha256;
  for (const auto& entry : fs::directory_iterator(directory))
    sha256[entry.path().filename().string()] = engine::sha256_file(entry.path());
  return sha256;
}

/// Deletes complete checkpoints except the newest `keep`, and never `current`.
void prune(const fs::path& directory, std::int64_t keep, const fs::path& current) {
  const auto all = complete(directory);
  for (std::size_t i = static_cast<std::size_t>(keep); i < all.size(); ++i) {
    if (all[i] != current) discard(all[i]);
  }
}

/// Reads and verifies one checkpoint; throws engine::Error whose message is part of a longer sentence.
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
  TrainingState& state = checkpoint.state;
  try {
    const std::int64_t version = number("format_version");
    if (version != kFormatVersion && version != kWithoutHash) {
      throw engine::Error(fmt::format("{} has format_version {}, and this program reads {} and {}", name, version,
                                      kWithoutHash, kFormatVersion));
    }
    for (const StateField& field : kStateFields) {
      const std::int64_t value = state.*field.member = number(field.name);
      if (value >= field.min && value <= field.max) continue;
      throw engine::Error(fmt::format("{}: {} must be a whole number from {} to {}, got {}", name, field.name,
                                      field.min, field.max, value));
    }
    checkpoint.sha256 = json.at("sha256").get<Hashes>();
    if (version != kWithoutHash) {
      if (!json.at("loss").is_null()) state.loss = json["loss"].get<double>();
      if (const auto& data = json.at("data"); !data.is_null()) {
        state.data = {.train = data.at("train_sha256").get<std::string>(),
                      .test = data.at("test_sha256").get<std::string>()};
      }
      // Write the state again and compare: any change in spelling counts as a change.
      if (state_json(state, checkpoint.sha256) != text)
        throw engine::Error(name + " was changed since it was written: it is not what its state_sha256 stands for");
    }
  } catch (const nlohmann::json::exception&) { throw refuse(); }
  for (const char* file : {kModelFile, kOptimizerFile}) {
    if (!checkpoint.sha256.contains(file)) throw engine::Error(fmt::format("{} has no SHA-256 of {}", name, file));
  }
  for (const auto& [file, hash] : checkpoint.sha256) {
    if (file.find('/') != file.npos) throw refuse();
  }
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
    engine::create_directory(directory_);  // the run directory must exist: if it was removed, it is not created again
    remove_leftovers(directory_);
    engine::create_directory(temporary);
    write_files(temporary);
    engine::atomic_write_file(temporary / kState, state_json(state, hashes(temporary)));
    engine::atomic_write_file(temporary / kDone, "");  // last file; each of these writes also syncs the directory
    if (fs::exists(path)) discard(path);               // rename cannot replace a directory that is not empty
    engine::rename_path(temporary, path);
    engine::sync_directory(directory_);
  } catch (const engine::Error& error) {
    std::error_code ignored;  // half a checkpoint must not fill a full disk
    if (!fs::exists(temporary / kDone, ignored)) fs::remove_all(temporary, ignored);
    throw engine::Error(
        fmt::format("the checkpoint of step {} was not written: {}; earlier checkpoints are intact, and "
                    "the run can be resumed once this is put right",
                    state.step, error.what()));
  }
  engine::atomic_write_file(directory_ / "latest", path.filename().string() + "\n");
  prune(directory_, keep_, path);
  return path;
}

void Checkpoints::tidy() const {
  if (!fs::exists(directory_)) return;
  remove_leftovers(directory_);
  const auto all = complete(directory_);
  if (all.empty()) return;
  const fs::path latest = directory_ / "latest";
  const std::string name = all.front().filename().string() + "\n";
  if (!fs::exists(latest) || engine::read_file(latest) != name) engine::atomic_write_file(latest, name);
  prune(directory_, keep_, all.front());
}

std::vector<fs::path> Checkpoints::all() const {
  std::vector<fs::path> paths = complete(directory_);
  std::reverse(paths.begin(), paths.end());
  return paths;
}

Checkpoint Checkpoints::read(const fs::path& checkpoint) { return load(checkpoint); }

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
