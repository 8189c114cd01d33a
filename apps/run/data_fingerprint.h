#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace apps {

/// What a run's data is, wherever it lies: SHA-256 of the images and labels of either split (data/fingerprint.h).
struct DataFingerprint {
  std::string train, test;
  bool operator==(const DataFingerprint&) const = default;
};

/// data.json of a run directory.
void write_fingerprint(const std::filesystem::path& run, const DataFingerprint& fingerprint);

/// That of the run in a directory. Nothing for a run that was begun by a version which kept none. Throws DataError when
/// data.json is damaged.
std::optional<DataFingerprint> read_fingerprint(const std::filesystem::path& run);

/// Throws DataError unless the data that was opened from `source` is the data of `run`; accepts any for a run that has
/// no fingerprint.
void check_same_data(const std::filesystem::path& run, const DataFingerprint& opened, const std::string& source);
/// The same, where the run's fingerprint is known already.
void check_same_data(const std::filesystem::path& run, const DataFingerprint& of_run, const DataFingerprint& opened,
                     const std::string& source);

}  // namespace apps
