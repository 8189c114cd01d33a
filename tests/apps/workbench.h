#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/apps/program.h"
#include "tests/apps/tiny_mnist.h"
#include "tests/engine/io/scratch_directory.h"

namespace tests {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// A tiny data set, and runs of the real programs beside it.
class Workbench {
 public:
  explicit Workbench(int train_images = kTrainImages);

  fs::path operator/(const std::string& name) const { return scratch_ / name; }
  fs::path data() const { return scratch_ / "mnist"; }

  /// The arguments of a small run of `pretrain` into the directory `run`: 2 epochs of 8 steps, one thread. Later flags
  /// win, so `more` may say something else.
  Strings arguments(const std::string& run, const Strings& more = {}) const;
  Ended pretrain(const std::string& run, const Strings& more = {}, const Program::Options& options = {}) const;
  /// `pretrain` with these arguments only.
  static Ended plain_pretrain(const Strings& arguments);
  static Ended lineval(const Strings& arguments);

 private:
  ScratchDirectory scratch_;
};

/// The one line that a program that failed must have written, without "NAME: error: " in front.
std::string complaint(const Ended& ended);

/// A result: the one line that a program printed on stdout.
nlohmann::json result(const Ended& ended);

/// The records of RUN/metrics.jsonl.
std::vector<nlohmann::json> metrics(const fs::path& run);
/// "train 3", "eval 8", ...: which steps were recorded, in order.
Strings recorded(const fs::path& run);

/// The directory that RUN/checkpoints/latest names.
fs::path latest_checkpoint(const fs::path& run);
/// Names in a directory, sorted.
Strings names(const fs::path& directory);
/// Whether anything below the directory is a leftover of an unfinished write.
bool has_leftovers(const fs::path& directory);
/// Whether two runs ended with the same bytes in the tensors of model and optimizer.
bool same_tensors(const fs::path& run, const fs::path& other);

}  // namespace tests
