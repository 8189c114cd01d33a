#include "apps/bench/epochs.h"

#include <chrono>
#include <ctime>

#include "apps/run/progress.h"

namespace apps {
namespace {

/// Of all threads of this process.
double processor_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

/// Runs through epochs of loaders and counts their batches.
class Reader {
 public:
  Reader(Progress::Job job, const BatchUse& use) : progress_(std::move(job)), use_(use) {}

  double epoch_ms(data::Loader& loader) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
      use_.use(*loader.next());
      progress_.update(++done_);
    }
    use_.finish();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }

 private:
  Progress progress_;
  const BatchUse& use_;
  std::int64_t done_ = 0;
};

void time_stages(const data::Source& source, data::LoaderOptions options, Reader& reader, Epochs& epochs) {
  options.times_stages = true;
  options.steps = data::steps_per_epoch(source.size(), options.batch_size, options.last_batch);  // nothing beyond it
  const double begin = processor_ms();
  data::Loader loader(source, options);
  reader.epoch_ms(loader);
  epochs.workers = loader.stage_times();
  epochs.all_threads_ms = processor_ms() - begin;
}

}  // namespace

Epochs time_epochs(const std::string& work, const data::Source& source, const data::LoaderOptions& options,
                   const Repetitions& repetitions, const BatchUse& use) {
  const std::int64_t batches = data::steps_per_epoch(source.size(), options.batch_size, options.last_batch);
  Reader reader({.label = work,
                 .unit = "batches",
                 .total = (repetitions.warmup + repetitions.timed + 1) * batches,
                 .item = "images",
                 .items_per_unit = options.batch_size},
                use);
  Epochs epochs;
  epochs.images = batches * options.batch_size;
  {
    data::Loader loader(source, options);
    for (std::int64_t i = 0; i < repetitions.warmup; ++i) reader.epoch_ms(loader);
    const double begin = processor_ms();
    for (std::int64_t i = 0; i < repetitions.timed; ++i) epochs.ms.push_back(reader.epoch_ms(loader));
    epochs.processor_ms = (processor_ms() - begin) / static_cast<double>(repetitions.timed * epochs.images);
  }
  time_stages(source, options, reader, epochs);
  return epochs;
}

}  // namespace apps
