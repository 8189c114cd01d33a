#include "apps/bench/loading.h"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/bench/epochs.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "data/kinds.h"
#include "kernels/runtime/names.h"

namespace apps {
void time_loading(const std::string& expression, std::int64_t batch_size, int workers, const Repetitions& repetitions) {
  if (expression.empty()) throw UsageError("bench load needs the images: --data SOURCE");
  const std::shared_ptr<const data::Source> source =
      data::open_source(expression, {.role = data::Role::pretrain, .seed = 1, .resident_bytes = 0});
  const data::LoaderOptions options{.batch_size = batch_size, .seed = 1, .workers = workers};
  const Epochs epochs = time_epochs("load", *source, options, repetitions);
  const data::StageTimes& stages = epochs.workers;
  double all_ms = 0;
  for (const double stage_ms : stages.ms) all_ms += stage_ms;
  nlohmann::ordered_json shares;
  std::string text;
  for (std::size_t i = 0; i < stages.ms.size(); ++i) {
    const auto name = engine::kNames<data::Stage>[i];
    shares[name] = stages.ms[i] / all_ms;
    text += fmt::format("{}{} {:.1f}%", i == 0 ? "" : ", ", name, 100 * stages.ms[i] / all_ms);
  }
  const Times times = Times::of(epochs.ms);
  const double count = static_cast<double>(epochs.images);
  const engine::Shape shape = data::image_shape(*source);
  std::cerr << fmt::format(
      "{}: median {:.1f} images/s, best {:.1f} images/s with {} workers; {:.4f} ms of "
      "processor time per image: {}\n",
      source->describe(), count / times.median_ms * 1e3, count / times.minimum_ms * 1e3, workers, epochs.processor_ms,
      text);
  std::cout << json_text(nlohmann::ordered_json{{"work", "load"},
                                                {"source", source->describe()},
                                                {"shape", {shape[0], shape[1], shape[2]}},
                                                {"batch_size", batch_size},
                                                {"threads", workers},
                                                {"images", epochs.images},
                                                {"ms", epochs.ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", count / times.median_ms * 1e3},
                                                {"unit", "images"},
                                                {"processor_ms_per_image", epochs.processor_ms},
                                                {"shares", shares}})
            << std::endl;
}

}  // namespace apps
