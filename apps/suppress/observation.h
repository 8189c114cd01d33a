#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apps {

/// How well a probe reads a feature off the encoder's output.
struct Reading {
  std::string name;                ///< of the label set
  double accuracy = 0;             ///< on test images; of bits, the mean over bits
  double chance = 0;               ///< what guessing the most frequent value gets right
  std::optional<double> all = {};  ///< of bits: share of images of which all are read
  bool operator==(const Reading&) const = default;

  /// 0: no better than guessing; 1: always right.
  double skill() const { return chance < 1 ? (accuracy - chance) / (1 - chance) : 0; }
};

/// What rows of features look like.
struct SpaceState {
  double rank = 0;  ///< RankMe
  /// Mean cosines of centred rows: of other images with the same planted value, and of one image with other values.
  std::optional<double> same_value = {}, same_image = {};
  bool operator==(const SpaceState&) const = default;
};

/// What a network carries after some steps: one record of RUN/suppress.jsonl.
struct Observation {
  std::int64_t step = 0;
  std::vector<Reading> readings = {};  ///< of the source's label sets, then of the planted feature
  SpaceState features = {};            ///< the encoder's output
  SpaceState embeddings = {};          ///< what the loss compares
  std::optional<double> loss = {};     ///< mean of the training steps since the observation before; not in the file
  bool operator==(const Observation&) const = default;

  const Reading* find(std::string_view name) const;
};

nlohmann::ordered_json observation_json(const Observation& observation);
/// Throws engine::DataError, which begins with `where`, for anything but an observation.
Observation read_observation(const nlohmann::ordered_json& json, const std::string& where);

/// RUN/suppress.jsonl.
class ObservationFile {
 public:
  /// Drops what a resumed run will repeat: records after `restored_step`, and a last line that a kill cut short. -1
  /// drops all.
  ObservationFile(std::filesystem::path path, std::int64_t restored_step);

  bool has(std::int64_t step) const;
  void write(const Observation& observation);

  /// The complete records of a file; none if there is no file.
  static std::vector<Observation> read(const std::filesystem::path& path);

 private:
  std::filesystem::path path_;
  std::vector<std::int64_t> steps_;
};

inline constexpr char kObservationFile[] = "suppress.jsonl";

/// The mean of several runs, step by step: only steps and readings that all of them have.
std::vector<Observation> mean_of(const std::vector<std::vector<Observation>>& runs);

/// Gives each observation the mean of the losses after the one before it, up to its own step. `losses`: step and loss.
void add_losses(std::vector<Observation>& observations, std::span<const std::pair<std::int64_t, double>> losses);

/// The first step from which the loss of one arm stays below the other's; nothing if it is not below at the end.
std::optional<std::int64_t> below_from(std::span<const Observation> one, std::span<const Observation> other);

}  // namespace apps
