#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/run/data_fingerprint.h"

namespace apps {

/// The progress of training: state.json, next to the tensors. Random numbers need no state: they follow from seed and
/// step.
struct TrainingState {
  std::int64_t step = 0;    ///< optimizer steps done
  std::int64_t epoch = 0;   ///< whole epochs done
  std::int64_t cursor = 0;  ///< images of the current epoch done
  std::int64_t seed = 0;
  std::int64_t threads = 1;                  ///< of the kernels: results are bit-equal only for the same number
  std::int64_t world_size = 1;               ///< ranks; another number rounds sums differently
  std::optional<double> loss = {};           ///< of the last step, for a process that finds nothing left to do
  std::optional<DataFingerprint> data = {};  ///< the data of the training
  bool operator==(const TrainingState&) const = default;
};

/// The tensor files of every checkpoint.
constexpr char kModelFile[] = "model.safetensors", kOptimizerFile[] = "optimizer.safetensors";

struct Checkpoint {
  std::filesystem::path directory;
  TrainingState state;
  std::map<std::string, std::string> sha256;  ///< of every tensor file, by name
};

/// Parses the text of a state.json; `name` is its name in errors. Throws engine::Error for an invalid text and for one
/// that was changed after it was written. Format 1, of earlier versions, has no hash of itself, no loss and no
/// fingerprint of the data; it is accepted.
Checkpoint parse_state(std::string_view text, const std::string& name);

/// The checkpoints of one run: checkpoints/step_00012000/{*.safetensors, state.json, DONE} and checkpoints/latest, a
/// text file with the newest one's name. A checkpoint is written as step_N.tmp, synced, and renamed when it is
/// complete. So whatever happens (kill, full disk, power cut), earlier checkpoints stay intact and an incomplete one is
/// never taken for complete.
class Checkpoints {
 public:
  /// `keep`: the number of newest checkpoints to keep, at least 1.
  Checkpoints(const std::filesystem::path& run_directory, std::int64_t keep);

  /// Writes a checkpoint: `write_files` writes the tensor files into the directory that it gets. Then deletes all but
  /// the newest `keep` checkpoints. Returns the directory. Replaces an earlier checkpoint of the same step.
  std::filesystem::path save(const TrainingState& state,
                             const std::function<void(const std::filesystem::path& directory)>& write_files);

  /// The newest complete checkpoint, with verified tensors; nothing if there is none yet. Lists the directory; `latest`
  /// is for people and may be one checkpoint behind after a crash. If the newest checkpoint is damaged, throws
  /// DataError that names the newest earlier one that is intact.
  std::optional<Checkpoint> newest() const;

  /// All complete checkpoints, oldest first, without their states. Nothing is verified.
  std::vector<std::filesystem::path> all() const;
  /// One of them with verified tensors. Throws engine::Error if it is damaged.
  static Checkpoint read(const std::filesystem::path& checkpoint);

  /// Cleans up after an interrupted `save`: removes incomplete checkpoints and those older than the newest `keep`, and
  /// makes `latest` name the newest.
  void tidy() const;

 private:
  std::filesystem::path directory_;
  std::int64_t keep_;
};

}  // namespace apps
