#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tests {

/// The serialised events of a TensorBoard file. Requires whole records with right checksums.
std::vector<std::string> events_in(const std::filesystem::path& file);

/// A number or picture of an event file.
struct ReadValue {
  std::int64_t step = 0;
  double time = 0;
  std::string tag;
  double value = 0;  ///< of a picture: its width
  bool operator==(const ReadValue&) const = default;
};
/// All of them in order.
std::vector<ReadValue> values_in(const std::filesystem::path& file);

/// The same of all event files of a run, in the order in which TensorBoard reads them.
std::vector<ReadValue> values_of_run(const std::filesystem::path& run);

}  // namespace tests
