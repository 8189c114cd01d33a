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

/// A tiny data set, and runs of the real programs next to it.
class Workbench {
 public:
  explicit Workbench(int train_images = kTrainImages);

  fs::path operator/(const std::string& name) const { return scratch_ / name; }
  fs::path data() const { return scratch_ / "mnist"; }

  /// The arguments of a small run of `pretrain` in the directory `run`: 2 epochs of 8 steps, one thread. Later flags
  /// win, so `more` can override these.
  Strings arguments(const std::string& run, const Strings& more = {}) const;
  Ended pretrain(const std::string& run, const Strings& more = {}, const Program::Options& options = {}) const;
  /// `pretrain` with these arguments only.
  static Ended plain_pretrain(const Strings& arguments);
  static Ended lineval(const Strings& arguments);

 private:
  ScratchDirectory scratch_;
};

/// The one line of a failed program, without "NAME: error: " at its beginning.
std::string complaint(const Ended& ended);

/// The result: the one line that a program printed on stdout.
nlohmann::json result(const Ended& ended);

/// The records of RUN/metrics.jsonl.
std::vector<nlohmann::json> metrics(const fs::path& run);
/// The recorded steps in order: "train 3", "eval 8", ...
Strings recorded(const fs::path& run);
/// The same while the program writes: without a record of which only the beginning is in the file yet.
Strings recorded_so_far(const fs::path& run);

/// The directory named in RUN/checkpoints/latest.
fs::path latest_checkpoint(const fs::path& run);
/// The sorted names in a directory.
Strings names(const fs::path& directory);
/// Whether there are temporary files of an unfinished write below the directory.
bool has_leftovers(const fs::path& directory);
/// Whether model and optimizer of two runs have the same bytes.
bool same_tensors(const fs::path& run, const fs::path& other);

}  // namespace tests
