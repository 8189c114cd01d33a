#pragma once
#include <memory>

#include "apps/config/config.h"
#include "apps/run/data_fingerprint.h"
#include "data/compositions/resident.h"
#include "data/loader.h"
#include "data/source.h"

namespace apps {

/// The configured source for a role, with its random bits; `seed` is for what is drawn at every visit. Throws
/// engine::DataError if the images differ in size or are too large.
std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Role role, std::int64_t seed);

/// Throws engine::DataError unless a network for one source fits the other: images of one size, as many bit planes, and
/// the same classes in the first label set.
void check_roles_match(const data::Source& train, const data::Source& test);

/// The fingerprint of both splits. Reads all data: 0.05 to 0.3 s for MNIST.
DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test);

/// The first examples as a batch for evaluation: in order, as if visited for the first time.
data::HostBatch first_examples(const data::Source& source, std::int64_t count);

/// How evaluation reads a whole source: each example once, in order.
data::LoaderOptions evaluation_order(std::int64_t batch_size, std::int64_t examples, int workers);

/// The configured options, completed by the run's settings.
data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step);

}  // namespace apps
