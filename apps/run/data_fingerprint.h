#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace apps {

/// Identifies a run's data independent of its place: SHA-256 of the images and labels of each split
/// (data/fingerprint.h).
struct DataFingerprint {
  std::string train, test;
  bool operator==(const DataFingerprint&) const = default;
};

/// Writes data.json of a run directory.
void write_fingerprint(const std::filesystem::path& run, const DataFingerprint& fingerprint);

/// Reads data.json of the run in a directory. Returns nothing if the version that began the run wrote none. Throws
/// DataError if data.json is damaged.
std::optional<DataFingerprint> read_fingerprint(const std::filesystem::path& run);

/// Throws DataError unless the data that was opened from `source` is the data of `run`; accepts any data if the run has
/// no fingerprint.
void check_same_data(const std::filesystem::path& run, const DataFingerprint& opened, const std::string& source);
/// The same, with a known fingerprint of the run.
void check_same_data(const std::filesystem::path& run, const DataFingerprint& of_run, const DataFingerprint& opened,
                     const std::string& source);

}  // namespace apps
