#include "apps/bench/views.h"

#include <fmt/format.h>

#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/bench/epochs.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "kernels/runtime/names.h"

namespace apps {
namespace {

double thread_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

/// The share of every stage; on a GPU "augment" is what issuing takes.
nlohmann::ordered_json shares_of(const Epochs& epochs, double uploading_ms) {
  nlohmann::ordered_json shares;
  double left = epochs.all_threads_ms - uploading_ms;
  for (std::size_t i = 0; i < epochs.workers.ms.size(); ++i) {
    const double ms = epochs.workers.ms[i];
    shares[engine::kNames<data::Stage>[i]] = ms / epochs.all_threads_ms;
    left -= ms;
  }
  shares["upload"] = uploading_ms / epochs.all_threads_ms;
  shares["augment"] = left / epochs.all_threads_ms;
  return shares;
}

}  // namespace

void time_views(const engine::Context& context, const std::string& expression, std::int64_t batch_size,
                std::int64_t size, engine::Dtype dtype, const ViewsOptions& options, const Repetitions& repetitions) {
  if (expression.empty()) throw UsageError("bench views needs the images: --data SOURCE");
  constexpr std::int64_t kSeed = 1;
  Config::Data data;
  data.source = expression;
  data.resident_mib = 0;
  data.augment = {.name = options.augment, .size = size};
  const auto source = open_data(data, data::Role::pretrain, kSeed);
  const kernels::AugmentationRules rules = training_rules(data.augment, *source);
  const data::LoaderOptions loader{.batch_size = batch_size, .seed = kSeed, .workers = options.workers};

  DeviceBatch batch(context, *source, batch_size);
  double uploading_ms = 0;
  const BatchUse use{.use =
                         [&](const data::HostBatch& read) {
                           const double begin = thread_ms();
                           batch.upload(read);
                           uploading_ms += thread_ms() - begin;
                           batch.augmented_views(rules, kSeed, options.views, dtype);
                         },
                     .finish = [&] { context.backend().synchronize(); }};
  const Epochs epochs = time_epochs("views", *source, loader, repetitions, use);
  const auto timed_epochs = static_cast<double>(repetitions.warmup + repetitions.timed + 1);
  const nlohmann::ordered_json shares = shares_of(epochs, uploading_ms / timed_epochs);
  std::string text;
  for (const auto& [name, share] : shares.items())
    text += fmt::format("{}{} {:.1f}%", text.empty() ? "" : ", ", name, 100 * share.get<double>());
  const Times times = Times::of(epochs.ms);
  const double images = static_cast<double>(epochs.images), views = images * static_cast<double>(options.views);
  std::cerr << fmt::format(
      "{}: median {:.1f} views/s of {:.1f} images/s, best {:.1f} views/s with {} workers and {} threads; {:.4f} ms of "
      "processor time per image: {}\n",
      source->describe(), views / times.median_ms * 1e3, images / times.median_ms * 1e3, views / times.minimum_ms * 1e3,
      options.workers, context.threads(), epochs.processor_ms, text);
  std::cout << json_text(nlohmann::ordered_json{{"work", "views"},
                                                {"source", source->describe()},
                                                {"augment", engine::name(options.augment)},
                                                {"image_size", size},
                                                {"batch_size", batch_size},
                                                {"workers", options.workers},
                                                {"threads", context.threads()},
                                                {"images", epochs.images},
                                                {"views", epochs.images * options.views},
                                                {"ms", epochs.ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", views / times.median_ms * 1e3},
                                                {"unit", "views"},
                                                {"processor_ms_per_image", epochs.processor_ms},
                                                {"shares", shares}})
            << std::endl;
}

}  // namespace apps
