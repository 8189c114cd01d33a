#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace apps {

/// Where training stands: state.json, beside the tensors. Random numbers need no state: they follow from seed and step.
struct TrainingState {
  std::int64_t step = 0;    ///< optimizer steps done
  std::int64_t epoch = 0;   ///< whole epochs done
  std::int64_t cursor = 0;  ///< images of the current epoch done
  std::int64_t seed = 0;
  std::int64_t threads = 0;  ///< of the kernels: results are bit-equal only for the same number
  std::int64_t world_size = 1;
  bool operator==(const TrainingState&) const = default;
};

struct Checkpoint {
  std::filesystem::path directory;
  TrainingState state;
  std::map<std::string, std::string> sha256;  ///< of every file of tensors, by name
};

/// What a state.json says: a checkpoint whose directory is not set. Throws engine::Error, beginning with `name`, for a
/// text that is no state or that of another format.
Checkpoint parse_state(std::string_view text, const std::string& name);

/// The checkpoints of one run: checkpoints/step_00012000/{*.safetensors, state.json, DONE} and checkpoints/latest, a
/// text with the newest one's name. A checkpoint is written as step_N.tmp, synced, and renamed when it is complete, so
/// that whatever happens (kill, full disk, power) leaves the earlier ones intact and no half one that looks whole.
class Checkpoints {
 public:
  /// `keep`: how many of the newest checkpoints stay, at least 1.
  Checkpoints(const std::filesystem::path& run_directory, std::int64_t keep);

  /// Writes a checkpoint: `write_files` puts the files of tensors into the directory that it is given. Then older ones
  /// than the newest `keep` go. Returns the directory. An earlier checkpoint of the same step is replaced.
  std::filesystem::path save(const TrainingState& state,
                             const std::function<void(const std::filesystem::path& directory)>& write_files);

  /// The newest complete checkpoint with its tensors verified; nothing when there is none yet. Goes by what is on the
  /// disk, not by `latest`, which is for people and may be a checkpoint behind after a crash. Throws DataError, naming
  /// the newest earlier checkpoint that is intact, when the newest one is damaged.
  std::optional<Checkpoint> newest() const;

 private:
  std::filesystem::path directory_;
  std::int64_t keep_;
};

}  // namespace apps
