#pragma once
#include <memory>

#include "apps/config/config.h"
#include "apps/run/data_fingerprint.h"
#include "data/compositions/resident.h"
#include "data/loader.h"
#include "data/source.h"

namespace apps {

/// A split of a source with its random bits, held in memory; `seed` is for bits that are drawn at every fetch.
std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Split split, std::int64_t seed);

/// Throws engine::DataError unless both splits have images of one size and the same classes.
void check_splits_match(const data::Source& train, const data::Source& test);

/// The fingerprint of both splits. Reads all data: 0.05 to 0.3 s for MNIST.
DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test);

/// Examples [begin, begin + count) as a batch for evaluation: in order, as if visited for the first time.
data::HostBatch read_examples(const data::Source& source, std::int64_t begin, std::int64_t count);

/// The configured options, completed by the run's settings.
data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step);

}  // namespace apps
