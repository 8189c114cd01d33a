#include "apps/pack/settings.h"

#include "apps/run/flags.h"
#include "apps/settings/usage_error.h"

namespace apps {
namespace {

constexpr std::int64_t kLongestSide = 16384, kMostWorkers = 1024;

void check(const PackSettings& settings) {
  if (!settings.verify.empty()) {
    if (!settings.data.empty() || !settings.out.empty())
      throw UsageError("--verify reads a packed file and writes none; leave out --data and --out");
    return;
  }
  if (settings.data.empty()) throw UsageError("give what is to be packed: --data SOURCE, as in --data folder:DIR");
  if (settings.out.empty()) throw UsageError("give the file to write: --out FILE");
}

}  // namespace

bool parse(int argc, const char* const* argv, PackSettings& settings) {
  Flags flags("pack",
              "Decodes all images of a source once, training and test split, into one file: pack --data SOURCE --out\n"
              "FILE. The source packed:FILE then reads them without decoding.");
  flags.add({.name = "--data",
             .group = "Data",
             .help = "any source that is the same at every visit (`pretrain --list-sources`)",
             .value = "SOURCE"},
            settings.data);
  flags.add({.name = "--short-side",
             .group = "Data",
             .help = "shrink images whose shorter side is longer than N pixels, keeping their shape; 0: none",
             .value = "N",
             .fallback = "0"},
            settings.short_side, 0, kLongestSide);
  flags.add_switch({.name = "--skip-bad",
                    .group = "Data",
                    .help = "replace images that cannot be read by others of their class, and count them"},
                   settings.skip_bad);
  flags.add({.name = "--out", .group = "Output", .help = "the file to write", .value = "FILE"}, settings.out);
  flags.add_switch({.name = "--force", .group = "Output", .help = "replace FILE if it exists"}, settings.force);
  flags.add({.name = "--verify",
             .group = "Run",
             .help = "write nothing: compare every image of a packed file with its checksum",
             .value = "FILE"},
            settings.verify);
  flags.add(
      {.name = "--workers", .group = "Run", .help = "threads that decode, 0 for all", .value = "N", .fallback = "0"},
      settings.workers, 0, kMostWorkers);
  if (!flags.parse(argc, argv)) return false;
  check(settings);
  return true;
}

}  // namespace apps
