#include "apps/train/run_result.h"

#include <nlohmann/json.hpp>

#include "apps/objectives/groups.h"
#include "apps/run/json_text.h"
#include "apps/train/collapse.h"
#include "apps/train/online_probe.h"
#include "engine/io/files.h"
#include "engine/io/json.h"

namespace apps {
namespace {

constexpr char kResult[] = "result.json";
const std::string kTest = "test_";  // before the names of what is measured on the test set

}  // namespace

std::string write_result(const RunDirectory& directory, const Trainer& trainer, const Trainer::Summary& summary) {
  const auto or_null = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json result{{"step", trainer.step()},
                                {"loss", or_null(summary.loss)},
                                {"probe_test_accuracy", or_null(summary.test_accuracy)},
                                {kEffectiveRank, summary.effective_rank}};
  for (const Measured& measured : summary.others) result[kTest + measured.scalar.name] = measured.value;
  if (const data::BadFiles* skipped = trainer.skipped()) result["skipped_images"] = skipped->count();
  result["seconds"] = summary.seconds;
  if (const auto warning = collapse_warning(summary.effective_rank)) result["warning"] = *warning;
  directory.check_in_place();
  // Only the process that did the last step knows the duration; a later process that found nothing to do must not
  // overwrite it.
  if (const auto before = read_result(directory.path()); !before || before->step != trainer.step())
    engine::atomic_write_file(directory.path() / kResult, json_text(result) + "\n");
  nlohmann::ordered_json line{{"run", directory.path().string()}};
  line.update(result);
  return json_text(line);
}

std::optional<RunResult> read_result(const std::filesystem::path& run) {
  const std::filesystem::path path = run / kResult;
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const auto json = engine::parse_json<nlohmann::json>(engine::read_file(path));
    if (const auto step = engine::whole_number(json.at("step"))) {
      const nlohmann::json& accuracy = json.at("probe_test_accuracy");
      RunResult result{.step = *step};
      if (!accuracy.is_null()) result.probe_test_accuracy = accuracy.get<double>();
      return result;
    }
  } catch (const nlohmann::json::exception&) {}  // reported like a missing step, below
  throw engine::DataError(engine::concat(path.string(), " is not the result of a run; remove it and resume the run"));
}

std::optional<double> online_accuracy(const std::filesystem::path& run, std::int64_t step, const std::string& probe) {
  std::optional<RunResult> result;
  try {
    result = read_result(run);
  } catch (const engine::DataError&) {}  // says nothing of its probes
  if (!result || result->step != step) return std::nullopt;
  if (probe == kProbe) return result->probe_test_accuracy;
  const auto json = engine::parse_json<nlohmann::json>(engine::read_file(run / kResult));
  const auto value = json.find(kTest + online_accuracy_name(probe));
  return value != json.end() && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

}  // namespace apps
