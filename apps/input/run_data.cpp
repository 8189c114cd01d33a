#include "apps/input/run_data.h"

#include <algorithm>

#include "apps/settings/usage_error.h"
#include "data/compositions/rand_bits.h"
#include "data/compositions/view_size.h"
#include "data/kinds.h"
#include "kernels/resampling.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

void refuse_large_images(const data::Source& source) {
  if (!source.layout().extent) return;  // each is checked as it is read
  const engine::Shape shape = data::image_shape(source);
  if (std::max(shape[0], shape[1]) <= kernels::kMostPixels) return;
  throw engine::DataError(engine::concat(source.describe(), " has images of ", shape[0], " x ", shape[1], "; at most ",
                                         kernels::kMostPixels,
                                         " pixels a side can be cropped; use resize(SOURCE, size=N)"));
}

/// As a network sees it.
std::shared_ptr<const data::Source> with_views(std::shared_ptr<const data::Source> source,
                                               const AugmentationOptions& augment) {
  if (augment.size == 0) return source;
  return std::make_shared<data::ViewSize>(std::move(source), data::Extent{augment.size, augment.size});
}

std::string text_of(const data::Source& source) {
  std::string text = engine::concat(source.describe(), " has ", data::view_shape(source), " images");
  const data::InputLayout& layout = source.layout();
  if (layout.bit_planes > 0) text += engine::concat(" and ", layout.bit_planes, " bits");
  if (!layout.labels.empty()) text += engine::concat(" of ", layout.labels[0].classes, " classes");
  return text;
}

int classes_of(const data::Source& source) {
  const data::InputLayout& layout = source.layout();
  return layout.labels.empty() ? 0 : layout.labels[0].classes;
}

}  // namespace

std::shared_ptr<data::BadFiles> notes_of_skipped(const Config::Data& options) {
  return options.skip_bad ? std::make_shared<data::BadFiles>() : nullptr;
}

std::string text_of_skipped(const data::BadFiles* skipped) {
  if (skipped == nullptr || skipped->count() == 0) return {};
  const std::int64_t count = skipped->count();
  return engine::concat(count, count == 1 ? " image" : " images", " could not be read and ",
                        count == 1 ? "was" : "were", " replaced", count == 1 ? ": " : ", such as ",
                        skipped->reasons().begin()->second);
}

std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Role role, std::int64_t seed,
                                              const std::shared_ptr<data::BadFiles>& skipped) {
  const auto run_seed = static_cast<std::uint64_t>(seed);
  std::shared_ptr<const data::Source> source = data::open_source(
      options.source,
      {.role = role, .seed = run_seed, .skip_bad = skipped, .resident_bytes = options.resident_mib << 20});
  refuse_large_images(*source);
  if (options.bits == 0) return with_views(source, options.augment);
  if (const int planes = source->layout().bit_planes; planes > 0) {
    throw UsageError(engine::concat("--bits ", options.bits, ": ", source->describe(), " has ", planes,
                                    planes == 1 ? " bit" : " bits", " already; leave out --bits or randbit"));
  }
  const auto redraw = options.bits_per_fetch ? data::RandBits::Redraw::visit : data::RandBits::Redraw::never;
  const auto with_bits = std::make_shared<data::RandBits>(
      source, data::RandBits::Options{.bits = options.bits, .redraw = redraw, .seed = run_seed});
  return with_views(with_bits, options.augment);
}

void check_roles_match(const data::Source& train, const data::Source& test) {
  if (data::view_shape(train) == data::view_shape(test) && classes_of(train) == classes_of(test) &&
      train.layout().bit_planes == test.layout().bit_planes)
    return;
  throw engine::DataError(engine::concat("training and test data do not match: ", text_of(train), ", ", text_of(test),
                                         "; fetch the data again"));
}

DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test) {
  return {.train = data::fingerprint(train), .test = data::fingerprint(test)};
}

data::HostBatch first_examples(const data::Source& source, std::int64_t count) {
  data::HostBatch batch(source, count);
  data::Example example;
  for (std::int64_t i = 0; i < count; ++i) {
    const data::Visit visit{.example = i, .fetch = static_cast<std::uint64_t>(i)};
    source.read(visit, {}, example);
    batch.store(i, visit, example);
  }
  return batch;
}

data::LoaderOptions evaluation_order(std::int64_t batch_size, std::int64_t examples, int workers, std::int64_t epoch) {
  const auto last_batch = data::LastBatch::keep;
  const std::int64_t steps = data::steps_per_epoch(examples, batch_size, last_batch);
  return {.batch_size = batch_size,
          .shuffle = false,
          .last_batch = last_batch,
          .workers = workers,
          .first_step = epoch * steps,
          .steps = (epoch + 1) * steps};
}

data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step, const engine::Communicator& ranks) {
  data::LoaderOptions options = configured;
  options.part = ranks.rank();
  options.parts = ranks.ranks();
  options.batch_size = train.batch_size;
  options.seed = static_cast<std::uint64_t>(train.seed);
  options.last_batch = train.last_batch();
  options.first_step = first_step;
  return options;
}

}  // namespace apps
