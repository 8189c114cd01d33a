#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "apps/run/data_fingerprint.h"

namespace apps {

/// Where training stands: state.json, beside the tensors. Random numbers need no state: they follow from seed and step.
struct TrainingState {
  std::int64_t step = 0;    ///< optimizer steps done
  std::int64_t epoch = 0;   ///< whole epochs done
  std::int64_t cursor = 0;  ///< images of the current epoch done
  std::int64_t seed = 0;
  std::int64_t threads = 1;  ///< of the kernels: results are bit-equal only for the same number
  std::int64_t world_size = 1;
  std::optional<double> loss = {};           ///< of the last step, for a process that finds nothing left to do
  std::optional<DataFingerprint> data = {};  ///< that it was trained on
  bool operator==(const TrainingState&) const = default;
};

/// The files of tensors that every checkpoint has.
constexpr char kModelFile[] = "model.safetensors", kOptimizerFile[] = "optimizer.safetensors";

struct Checkpoint {
  std::filesystem::path directory;
  TrainingState state;
  std::map<std::string, std::string> sha256;  ///< of every file of tensors, by name
};

/// Reads the text of a state.json; `name` stands for it in errors. Throws engine::Error for what is no state, and for a
/// text that was changed since it was written. Format 1, of earlier versions, has no hash of itself, no loss and no
/// fingerprint of the data; it is taken as it is.
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

  /// Brings the directory to what an undisturbed `save` leaves, after one that was interrupted: no half checkpoints, no
  /// older ones than the newest `keep`, and `latest` names the newest.
  void tidy() const;

 private:
  std::filesystem::path directory_;
  std::int64_t keep_;
};

}  // namespace apps
