#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace apps {

/// A run of `pretrain`, or a directory with results of `lineval` alone, as `runs` lists it.
struct Entry {
  std::string name;    ///< its directory, from where the listing began
  std::string status;  ///< "finished", "unfinished", "failed" (its loss was not finite), "evaluation" or "damaged"
  /// The texts of all configuration keys; the values of result.json; and of evaluations, those of the encoder by their
  /// key ("top1"), those of a tap or a label set with its directory before it ("texture/top1").
  std::map<std::string, std::string> values = {};
  std::vector<std::string> problems = {};  ///< one sentence for each file that cannot be read
};

/// The value of a key; `run` and `status` are keys, too. Nothing if the entry has none.
std::optional<std::string> value_of(const Entry& entry, const std::string& key);

/// What is in this directory; nothing if it is neither a run nor an evaluation. Never throws for what files contain.
std::optional<Entry> read_entry(const std::filesystem::path& directory, const std::string& name);

/// The entries in a directory and below, by name. What is inside a run belongs to it. Links to directories are not
/// followed. Throws UsageError if there is no such directory.
std::vector<Entry> find_entries(const std::filesystem::path& directory);

}  // namespace apps
