#include "apps/suppress/observation.h"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "apps/run/json_text.h"
#include "apps/run/metrics.h"
#include "engine/io/files.h"
#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::optional<double> optional_number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? std::nullopt : std::optional(found->get<double>());
}

Json space_json(const SpaceState& space) {
  Json json{{"rank", space.rank}};
  json["same_value"] = or_null(space.same_value);
  json["same_image"] = or_null(space.same_image);
  return json;
}

SpaceState read_space(const Json& json) {
  return {.rank = json.at("rank").get<double>(),
          .same_value = optional_number(json, "same_value"),
          .same_image = optional_number(json, "same_image")};
}

/// Adds numbers that all of a group must have.
class OptionalMean {
 public:
  void add(const std::optional<double>& value) {
    complete_ = complete_ && value.has_value();
    sum_ += value.value_or(0);
    ++count_;
  }
  std::optional<double> mean() const {
    return complete_ && count_ > 0 ? std::optional(sum_ / static_cast<double>(count_)) : std::nullopt;
  }

 private:
  double sum_ = 0;
  std::int64_t count_ = 0;
  bool complete_ = true;
};

template <class Get>
std::optional<double> mean(const std::vector<const Observation*>& group, Get&& get) {
  OptionalMean mean;
  for (const Observation* one : group) mean.add(get(*one));
  return mean.mean();
}

SpaceState mean_space(const std::vector<const Observation*>& group, SpaceState Observation::*space) {
  return {.rank = mean(group, [&](const Observation& o) { return std::optional((o.*space).rank); }).value_or(0),
          .same_value = mean(group, [&](const Observation& o) { return (o.*space).same_value; }),
          .same_image = mean(group, [&](const Observation& o) { return (o.*space).same_image; })};
}

Observation mean_observation(const std::vector<const Observation*>& group) {
  Observation result{.step = group.front()->step,
                     .features = mean_space(group, &Observation::features),
                     .embeddings = mean_space(group, &Observation::embeddings),
                     .loss = mean(group, [](const Observation& o) { return o.loss; })};
  for (const Reading& reading : group.front()->readings) {
    const auto of = [&](auto member) {
      return mean(group, [&](const Observation& o) -> std::optional<double> {
        const Reading* same = o.find(reading.name);
        return same ? std::optional<double>(same->*member) : std::nullopt;
      });
    };
    const auto accuracy = of(&Reading::accuracy), chance = of(&Reading::chance);
    if (!accuracy) continue;
    const auto all = mean(group, [&](const Observation& o) { return o.find(reading.name)->all; });
    result.readings.push_back({.name = reading.name, .accuracy = *accuracy, .chance = *chance, .all = all});
  }
  return result;
}

const Observation* at_step(const std::vector<Observation>& run, std::int64_t step) {
  const auto found = std::ranges::find(run, step, &Observation::step);
  return found == run.end() ? nullptr : &*found;
}

}  // namespace

const Reading* Observation::find(std::string_view name) const {
  const auto found = std::ranges::find(readings, name, &Reading::name);
  return found == readings.end() ? nullptr : &*found;
}

Json observation_json(const Observation& observation) {
  Json json{{"step", observation.step}, {"readings", Json::object()}};
  for (const Reading& reading : observation.readings) {
    Json& entry = json["readings"][reading.name] = {{"accuracy", reading.accuracy}, {"chance", reading.chance}};
    if (reading.all) entry["all"] = *reading.all;
  }
  json["features"] = space_json(observation.features);
  json["embeddings"] = space_json(observation.embeddings);
  return json;
}

Observation read_observation(const Json& json, const std::string& where) try {
  Observation observation{.step = json.at("step").get<std::int64_t>(),
                          .features = read_space(json.at("features")),
                          .embeddings = read_space(json.at("embeddings"))};
  for (const auto& [name, entry] : json.at("readings").items()) {
    observation.readings.push_back({.name = name,
                                    .accuracy = entry.at("accuracy").get<double>(),
                                    .chance = entry.at("chance").get<double>(),
                                    .all = optional_number(entry, "all")});
  }
  return observation;
} catch (const nlohmann::json::exception&) {
  throw engine::DataError(engine::concat(where, " is not an observation of `suppress`; delete the run's directory"));
}

ObservationFile::ObservationFile(std::filesystem::path path, std::int64_t restored_step) : path_(std::move(path)) {
  engine::remove_all(path_.string() + ".tmp");
  if (!std::filesystem::exists(path_)) return;
  const std::string before = engine::read_file(path_), kept = records_until(restored_step, before);
  if (kept != before) engine::atomic_write_file(path_, kept);
  for (const Observation& observation : read(path_)) steps_.push_back(observation.step);
}

bool ObservationFile::has(std::int64_t step) const { return std::ranges::find(steps_, step) != steps_.end(); }

void ObservationFile::write(const Observation& observation) {
  // One write(2): a kill leaves no half record that looks whole.
  engine::Descriptor(path_, O_WRONLY | O_CREAT | O_APPEND).write(json_text(observation_json(observation)) + "\n");
  steps_.push_back(observation.step);
}

std::vector<Observation> ObservationFile::read(const std::filesystem::path& path) {
  std::vector<Observation> observations;
  if (!std::filesystem::exists(path)) return observations;
  std::istringstream lines(engine::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const auto json = engine::parse_json<Json>(line);
    if (json.is_discarded() && lines.eof()) break;  // what a kill left
    observations.push_back(read_observation(json, path.string()));
  }
  return observations;
}

std::vector<Observation> mean_of(const std::vector<std::vector<Observation>>& runs) {
  std::vector<Observation> means;
  if (runs.empty()) return means;
  for (const Observation& first : runs.front()) {
    std::vector<const Observation*> group;
    for (const std::vector<Observation>& run : runs) {
      if (const Observation* same = at_step(run, first.step)) group.push_back(same);
    }
    if (group.size() == runs.size()) means.push_back(mean_observation(group));
  }
  return means;
}

void add_losses(std::vector<Observation>& observations, std::span<const std::pair<std::int64_t, double>> losses) {
  std::int64_t before = 0;
  for (Observation& observation : observations) {
    double sum = 0;
    std::int64_t count = 0;
    for (const auto& [step, loss] : losses) {
      if (step <= before || step > observation.step) continue;
      sum += loss;
      ++count;
    }
    if (count > 0) observation.loss = sum / static_cast<double>(count);
    before = observation.step;
  }
}

std::optional<std::int64_t> below_from(std::span<const Observation> one, std::span<const Observation> other) {
  std::optional<std::int64_t> from;
  for (const Observation& observation : one) {
    const auto same = std::ranges::find(other, observation.step, &Observation::step);
    if (same == other.end() || !observation.loss || !same->loss) continue;
    if (*observation.loss >= *same->loss)
      from.reset();
    else if (!from)
      from = observation.step;
  }
  return from;
}

}  // namespace apps
