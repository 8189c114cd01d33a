#include "apps/input/run_data.h"

#include <algorithm>

#include "data/compositions/rand_bits.h"
#include "data/fingerprint.h"
#include "data/open.h"
#include "kernels/bilinear_tap.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

void refuse_large_images(const data::Source& source) {
  const engine::Shape shape = source.image_shape();
  if (std::max(shape[0], shape[1]) <= kernels::kMostPixels) return;
  throw engine::DataError(engine::concat(source.describe(), " has images of ", shape[0], " x ", shape[1], "; at most ",
                                         kernels::kMostPixels, " pixels a side can be cropped"));
}

}  // namespace

std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Split split, std::int64_t seed) {
  std::shared_ptr<const data::Source> source =
      std::make_shared<data::Resident>(data::open_source(options.source, split));
  refuse_large_images(*source);
  if (options.random_bits.bits == 0) return source;
  data::RandBits::Options bits = options.random_bits;
  bits.seed = static_cast<std::uint64_t>(seed);
  return std::make_shared<data::RandBits>(source, bits);
}

void check_splits_match(const data::Source& train, const data::Source& test) {
  if (train.image_shape() == test.image_shape() && train.classes() == test.classes()) return;
  throw engine::DataError(engine::concat("the splits do not match: ", train.describe(), " has ", train.image_shape(),
                                         " images of ", train.classes(), " classes, ", test.describe(), " has ",
                                         test.image_shape(), " images of ", test.classes(),
                                         " classes; fetch the data again"));
}

DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test) {
  return {.train = data::fingerprint(train), .test = data::fingerprint(test)};
}

data::HostBatch read_examples(const data::Source& source, std::int64_t begin, std::int64_t count) {
  data::HostBatch batch;
  batch.resize(source, count);
  for (std::int64_t i = begin; i < begin + count; ++i) batch.read(source, i - begin, i, static_cast<std::uint64_t>(i));
  return batch;
}

data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step) {
  data::LoaderOptions options = configured;
  options.batch_size = train.batch_size;
  options.seed = static_cast<std::uint64_t>(train.seed);
  options.first_step = first_step;
  return options;
}

}  // namespace apps
