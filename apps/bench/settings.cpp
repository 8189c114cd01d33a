#include "apps/bench/settings.h"

#include "apps/run/settings_flags.h"
#include "apps/settings/limits.h"

namespace apps {
namespace {

constexpr std::int64_t kLargestImage = 4096, kMostRepetitions = 1'000'000, kMostViews = 64, kMostWorkers = 256;

constexpr char kWork[] = "WORK";

std::vector<Field<BenchSettings>> work_fields() {
  const Condition views = when(kWork, {"views"});
  return {
      {.key = kWork, .value = MEMBER(work), .help = "what to time"},
      {.key = "--works",
       .value = MEMBER(list),
       .flag = "--works",
       .help = "time all works of FILE in one process: a line has the arguments of one bench; flags here are of all",
       .group = "Work",
       .placeholder = "FILE",
       .fallback = "none"},
      {.key = "--batch-size",
       .value = MEMBER(options.batch_size),
       .flag = "--batch-size",
       .help = "images of a network's step, of a batch, and of kernels that work on images",
       .range = between(1, kLargestBatch),
       .group = "Work"},
      {.key = "--image-size",
       .value = MEMBER(options.image_size),
       .flag = "--image-size",
       .help = "height and width of a step's images, and of views",
       .range = between(8, kLargestImage),
       .group = "Work"},
      {.key = "--rows",
       .value = MEMBER(options.rows),
       .flag = "--rows",
       .help = "rows of a loss, both views together: an even number",
       .range = between(2, 2 * kLargestBatch),
       .group = "Work"},
      {.key = "--dim",
       .value = MEMBER(options.dim),
       .flag = "--dim",
       .help = "columns of a loss",
       .range = between(1, kMostDimensions),
       .group = "Work"},
      {.key = "--precision",
       .value = MEMBER(compute.precision),
       .flag = "--precision",
       .help = "of activations; a loss is fp32 but for its products",
       .group = "Work"},
      {.key = "--kernel",
       .value = MEMBER(kernel),
       .flag = "--kernel",
       .help = "of the work `kernels`, those with NAME in their names",
       .group = "Work",
       .placeholder = "NAME",
       .fallback = "all"},
      {.key = "--data",
       .value = MEMBER(data),
       .flag = "--data",
       .help = "of the works `load` and `views`, the images, as in `pretrain`",
       .group = "Work",
       .placeholder = "SOURCE",
       .fallback = "none"},
      {.key = "--augment",
       .value = MEMBER(views.augment),
       .flag = "--augment",
       .help = "of the work `views`, how they are made, as in `pretrain`",
       .only_with = views,
       .group = "Work"},
      {.key = "--views",
       .value = MEMBER(views.views),
       .flag = "--views",
       .help = "of each image",
       .range = between(1, kMostViews),
       .only_with = views,
       .group = "Work"},
      {.key = "--workers",
       .value = MEMBER(views.workers),
       .flag = "--workers",
       .help = "threads that read images for `views`, beside the --threads that augment",
       .range = between(1, kMostWorkers),
       .only_with = views,
       .group = "Work"},
  };
}

std::vector<Field<BenchSettings>> timing_fields() {
  const Condition on_gpu = when("--device", {"cuda", "cuda:N"});
  return {
      {.key = "--repetitions",
       .value = MEMBER(repetitions.timed),
       .flag = "--repetitions",
       .help = "that are timed",
       .range = between(1, kMostRepetitions),
       .group = "Run"},
      {.key = "--warmup",
       .value = MEMBER(repetitions.warmup),
       .flag = "--warmup",
       .help = "repetitions before them",
       .range = between(0, kMostRepetitions),
       .group = "Run"},
      {.key = "--device",
       .value = MEMBER(compute.device),
       .flag = "--device",
       .help = "where to compute",
       .group = "Run"},
      {.key = "--plans",
       .value = MEMBER(plans),
       .flag = "--plans",
       .help = "which algorithms are the fastest: timed in this process, or as the machine's cache says, which learns",
       .group = "Run"},
      {.key = "--cuda-graph",
       .value = MEMBER(cuda_graph),
       .flag = "--cuda-graph",
       .help = "on a GPU: launch the work as a CUDA graph, from its third run on; not with --profile",
       .only_with = on_gpu && when(kWork, work_names()),
       .group = "Run"},
      {.key = "--repeatable",
       .value = MEMBER(compute.repeatable),
       .flag = "--repeatable",
       .help = "on a GPU: the same bits every time; off lets cuDNN add in any order",
       .only_with = on_gpu,
       .group = "Run"},
      {.key = "--threads",
       .value = MEMBER(compute.threads),
       .flag = "--threads",
       .help = "CPU threads, 0 for all",
       .range = between(0, engine::Context::kMostThreads),
       .group = "Run"},
      {.key = "--profile",
       .value = MEMBER(profile),
       .flag = "--profile",
       .help = "print where the time goes, per kernel and per layer",
       .group = "Run",
       .bare = true},
  };
}

}  // namespace

const Table<BenchSettings>& bench_table() {
  static const Table<BenchSettings> table = {work_fields(), timing_fields()};
  return table;
}

bool parse(int argc, const char* const* argv, BenchSettings& settings) {
  Flags flags("bench", engine::concat("Times one piece of work: bench WORK.\n\n", list_works()));
  flags.add_positional({.name = kWork, .help = "what to time"}, settings.work);
  add_flags<BenchSettings>(flags, bench_table(), [&](const Field<BenchSettings>& field, const std::string& text) {
    field.set(settings, text, field.flag);
  });
  if (!flags.parse(argc, argv)) return false;
  if (!settings.list.empty()) {  // its lines are checked with these flags
    if (settings.work.empty()) return true;
    throw UsageError(engine::concat("the works are those of --works ", settings.list, ": leave out ", settings.work));
  }
  if (settings.work.empty()) throw UsageError("say what to time: bench WORK; bench --help lists the works");
  bench_table().check_conditions(settings);
  settings.options.activations = activation_dtype(settings.compute.precision);
  return true;
}

}  // namespace apps
