#pragma once
#include <memory>
#include <string>

#include "apps/config/config.h"
#include "apps/run/data_fingerprint.h"
#include "data/bad_files.h"
#include "data/loader.h"
#include "data/source.h"
#include "kernels/runtime/communicator.h"

namespace apps {

/// The configured source for a role, with its random bits; `seed` is for what is drawn at every visit. Throws
/// engine::DataError if the images differ in size or are too large, UsageError for --bits where the source has some.
/// Images that cannot be read are noted in `skipped` and replaced; without it they are errors.
std::shared_ptr<const data::Source> open_data(const Config::Data& options, data::Role role, std::int64_t seed,
                                              const std::shared_ptr<data::BadFiles>& skipped = {});

/// Where a program notes the images that it skips; none if it must not.
std::shared_ptr<data::BadFiles> notes_of_skipped(const Config::Data& options);

/// "3 images could not be read and were replaced, such as FILE: REASON"; empty if there are none.
std::string text_of_skipped(const data::BadFiles* skipped);

/// Throws engine::DataError unless a network for one source fits the other: images of one size, as many bit planes, and
/// the same classes in the first label set.
void check_roles_match(const data::Source& train, const data::Source& test);

/// The fingerprint of both splits. Reads all data: 0.05 to 0.3 s for MNIST.
DataFingerprint fingerprint_of(const data::Source& train, const data::Source& test);

/// The first examples as a batch for evaluation: in order, as if visited for the first time.
data::HostBatch first_examples(const data::Source& source, std::int64_t count);

/// How evaluation reads a whole source: each example once, in order, as visited in this epoch.
data::LoaderOptions evaluation_order(std::int64_t batch_size, std::int64_t examples, int workers,
                                     std::int64_t epoch = 0);

/// The configured options, completed by the run's settings: for this rank's part of each batch.
data::LoaderOptions loader_options(const data::LoaderOptions& configured, const Config::Train& train,
                                   std::int64_t first_step, const engine::Communicator& ranks = engine::OneRank());

}  // namespace apps
