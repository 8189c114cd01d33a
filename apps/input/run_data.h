#pragma once
#include <memory>

#include "apps/config/config.h"
#include "apps/run/data_fingerprint.h"
#include "data/loader.h"
#include "data/resident.h"
#include "data/source.h"

namespace apps {

/// The split of a source, held in memory, with its random bits; `seed` is of those that are drawn anew at every fetch.
std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Split split, std::int64_t seed);

/// Throws engine::DataError unless both splits have images of one size and the same classes.
void check_splits_match(const data::Source& train, const data::Source& test);

/// Of what both splits hold. Reads all of it: 0.05 to 0.3 s for MNIST.
DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test);

/// Examples [begin, begin + count) as a batch, as evaluation reads them: in order, as their first visit.
data::HostBatch read_examples(const data::Source& source, std::int64_t begin, std::int64_t count);

/// The configured options with what the run says beside them.
data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step);

}  // namespace apps
