#include "apps/pack/packing.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "apps/pack/ordered_reader.h"
#include "apps/run/build_info.h"
#include "apps/run/exit_code.h"
#include "apps/run/progress.h"
#include "apps/run/signals.h"
#include "apps/run/thread_choice.h"
#include "data/kinds.h"
#include "data/sources/packed.h"
#include "data/sources/packed_writer.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;
using data::Role;
using engine::concat;
using SourcePtr = std::shared_ptr<const data::Source>;

SourcePtr open_role(const PackSettings& settings, Role role, const std::shared_ptr<data::BadFiles>& skipped) {
  // Every image is read once: none is worth keeping in memory.
  return data::open_source(settings.data, {.role = role, .skip_bad = skipped, .resident_bytes = 0});
}

constexpr const char* kPackParts =
    "; pack what it is made of, and compose it when it is used, as in randbit(packed:FILE, bits=5)";

void refuse_what_cannot_be_stored(const data::Source& source, const PackSettings& settings) {
  if (source.varies()) {
    throw UsageError(concat("--data: '", settings.data,
                            "' cannot be packed, since its images are drawn anew at every visit", kPackParts));
  }
  if (source.layout().bit_planes > 0) {
    throw UsageError(
        concat("--data: '", settings.data, "' cannot be packed, since its bits are no pixels", kPackParts));
  }
  const int channels = source.layout().channels;
  if (settings.short_side > 0 && channels != 1 && channels != 3) {
    throw UsageError(concat("--short-side shrinks images of 1 or 3 channels, and ", source.describe(), " has ",
                            channels, "; leave it out"));
  }
}

/// Whether probes are trained on what the network is trained on, as a packed file supposes: by layout, size and some
/// images.
void refuse_other_probes(const data::Source& shown, const data::Source& probed, const PackSettings& settings) {
  constexpr std::int64_t kCompared = 64;
  bool same = shown.size() == probed.size() && shown.layout().labels == probed.layout().labels &&
              shown.layout().extent == probed.layout().extent;
  data::Example one, other;
  for (std::int64_t k = 0; same && k < std::min(kCompared, shown.size()); ++k) {
    const std::int64_t i = k * shown.size() / std::min(kCompared, shown.size());
    const data::Visit visit{.example = i, .fetch = static_cast<std::uint64_t>(i)};
    shown.read(visit, {}, one);
    probed.read(visit, {}, other);
    same = one.extent == other.extent && one.pixels == other.pixels && one.labels == other.labels;
  }
  if (same) return;
  throw UsageError(concat("--data: '", settings.data,
                          "' cannot be packed, since probes see other images than the network", kPackParts));
}

void refuse_existing(const PackSettings& settings) {
  std::error_code unreadable;
  if (settings.force || !fs::exists(settings.out, unreadable)) return;
  throw UsageError(concat("--out: ", settings.out, " exists; give another name, or --force to replace it"));
}

/// Calls `take` with every example in order.
void for_each(const data::Source& source, const PackSettings& settings, Progress& progress, std::int64_t& done,
              const char* when_stopped, const std::function<void(const data::Example&)>& take) {
  OrderedReader reader(source, settings.short_side, static_cast<int>(choose_threads(settings.workers).threads));
  for (std::int64_t i = 0; i < source.size(); ++i) {
    if (const int signal = stop_signal())
      throw Interrupted(concat("stopped by ", signal_name(signal), "; ", when_stopped));
    take(reader.next());
    progress.update(++done);
  }
}

Progress::Job job_of(const char* label, const Packing& packing) {
  return {.label = label, .unit = "images", .total = packing.train + packing.test};
}

}  // namespace

Packing pack(const PackSettings& settings) {
  refuse_existing(settings);
  Packing packing;
  if (settings.skip_bad) packing.skipped = std::make_shared<data::BadFiles>();
  const SourcePtr train = open_role(settings, Role::pretrain, packing.skipped);
  const SourcePtr test = open_role(settings, Role::probe_test, packing.skipped);
  for (const SourcePtr& source : {train, test}) refuse_what_cannot_be_stored(*source, settings);
  refuse_other_probes(*train, *open_role(settings, Role::probe_train, packing.skipped), settings);
  packing.train = train->size();
  packing.test = test->size();
  data::PackedWriter writer(settings.out, {.source = settings.data,
                                           .short_side = settings.short_side,
                                           .written_by = concat("antipode ", build_info().version)});
  stop_on_signals();
  Progress progress(job_of("pack", packing));
  std::int64_t done = 0;
  for (const SourcePtr& source : {train, test}) {
    writer.begin(*source);
    for_each(*source, settings, progress, done, "nothing was written; the same command begins again",
             [&](const data::Example& example) { writer.add(example); });
  }
  packing.bytes = writer.commit();
  return packing;
}

Packing verify(const PackSettings& settings) {
  const data::Packed train(settings.verify, data::Split::train), test(settings.verify, data::Split::test);
  Packing packing{.train = train.size(), .test = test.size(), .bytes = fs::file_size(settings.verify)};
  stop_on_signals();
  Progress progress(job_of("verify", packing));
  std::int64_t done = 0;
  for (const data::Packed* split : {&train, &test})
    for_each(*split, settings, progress, done, "the rest was not read", [](const data::Example&) {});
  return packing;
}

}  // namespace apps
