#include "apps/bench/loading.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "apps/run/progress.h"
#include "data/kinds.h"
#include "data/loader.h"
#include "kernels/runtime/names.h"

namespace apps {
namespace {

/// `done` counts the batches that have been shown as progress.
double epoch_ms(data::Loader& loader, Progress& progress, std::int64_t& done) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    loader.next();
    progress.update(++done);
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// Of all threads of this process.
double processor_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

data::StageTimes stages_of_epoch(const data::Source& source, data::LoaderOptions options, Progress& progress,
                                 std::int64_t& done) {
  options.times_stages = true;
  data::Loader loader(source, options);
  epoch_ms(loader, progress, done);
  return loader.stage_times();
}

}  // namespace

void time_loading(const std::string& expression, std::int64_t batch_size, int workers, const Repetitions& repetitions) {
  if (expression.empty()) throw UsageError("bench load needs the images: --data SOURCE");
  const std::shared_ptr<const data::Source> source =
      data::open_source(expression, {.role = data::Role::pretrain, .seed = 1, .resident_bytes = 0});
  const data::LoaderOptions options{.batch_size = batch_size, .seed = 1, .workers = workers};
  std::vector<double> ms;
  std::int64_t images = 0;
  double processor = 0;
  data::StageTimes stages;
  {
    const std::int64_t epochs = repetitions.warmup + repetitions.timed + 1;
    const std::int64_t batches = data::steps_per_epoch(source->size(), batch_size, options.last_batch);
    Progress progress({.label = "load",
                       .unit = "batches",
                       .total = epochs * batches,
                       .item = "images",
                       .items_per_unit = batch_size});
    std::int64_t done = 0;
    {
      data::Loader loader(*source, options);
      images = loader.steps_per_epoch() * batch_size;
      for (std::int64_t i = 0; i < repetitions.warmup; ++i) epoch_ms(loader, progress, done);
      const double begin = processor_ms();
      for (std::int64_t i = 0; i < repetitions.timed; ++i) ms.push_back(epoch_ms(loader, progress, done));
      processor = (processor_ms() - begin) / static_cast<double>(repetitions.timed * images);
    }
    stages = stages_of_epoch(*source, options, progress, done);
  }
  double all_ms = 0;
  for (const double stage_ms : stages.ms) all_ms += stage_ms;
  nlohmann::ordered_json shares;
  std::string text;
  for (std::size_t i = 0; i < stages.ms.size(); ++i) {
    const auto name = engine::kNames<data::Stage>[i];
    shares[name] = stages.ms[i] / all_ms;
    text += fmt::format("{}{} {:.1f}%", i == 0 ? "" : ", ", name, 100 * stages.ms[i] / all_ms);
  }
  const Times times = Times::of(ms);
  const double count = static_cast<double>(images);
  const engine::Shape shape = data::image_shape(*source);
  std::cerr << fmt::format(
      "{}: median {:.1f} images/s, best {:.1f} images/s with {} workers; {:.4f} ms of "
      "processor time per image: {}\n",
      source->describe(), count / times.median_ms * 1e3, count / times.minimum_ms * 1e3, workers, processor, text);
  std::cout << json_text(nlohmann::ordered_json{{"work", "load"},
                                                {"source", source->describe()},
                                                {"shape", {shape[0], shape[1], shape[2]}},
                                                {"batch_size", batch_size},
                                                {"threads", workers},
                                                {"images", images},
                                                {"ms", ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", count / times.median_ms * 1e3},
                                                {"unit", "images"},
                                                {"processor_ms_per_image", processor},
                                                {"shares", shares}})
            << std::endl;
}

}  // namespace apps
