#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/bench/kernel_table.h"
#include "apps/bench/works.h"
#include "apps/run/exit_code.h"
#include "apps/run/fields.h"
#include "apps/run/flags.h"
#include "apps/run/json_text.h"
#include "apps/run/limits.h"
#include "apps/run/main.h"
#include "apps/run/precision.h"
#include "apps/train/captured_step.h"
#include "apps/train/make_context.h"
#include "kernels/context.h"

namespace {

using namespace apps;

struct Arguments {
  std::string work, kernel, device = "cpu", cuda_graph = "on", repeatable = "on";
  WorkOptions options;
  std::string precision = "fp32";
  Repetitions repetitions;
  std::int64_t threads = 0;
  bool graph = true, profile = false;
};

constexpr std::int64_t kLargestImage = 4096, kMostRepetitions = 1'000'000;

/// A line on stderr, and one of JSON on stdout.
void time_work(const engine::Context& context, const Arguments& arguments) {
  const Work work = make_work(context, arguments.work, arguments.options);
  CapturedStep step(
      context, [&] { work.run(); }, arguments.graph && !arguments.profile);
  for (std::int64_t i = 0; i < arguments.repetitions.warmup; ++i) {
    step.run();
    if (i == 0) context.pool().reset_peak();  // it also timed algorithms; later a graph asks the pool for nothing
  }
  context.profiler().enable(arguments.profile);
  std::vector<double> ms;
  for (std::int64_t i = 0; i < arguments.repetitions.timed; ++i) {
    ms.push_back(context.backend().time_ms([&] { step.run(); }));
  }
  if (arguments.profile) context.profiler().print(std::cerr);
  const Times times = Times::of(ms);
  std::cerr << fmt::format(
      "{}: median {:.3f} ms, minimum {:.3f} ms, maximum {:.3f} ms, {:.1f} {}/s, {:.1f} MiB at the peak\n", work.name,
      times.median_ms, times.minimum_ms, times.maximum_ms, work.items / times.median_ms * 1e3, work.unit,
      static_cast<double>(context.pool().peak_bytes()) / (1 << 20));
  std::cout << json_text(nlohmann::ordered_json{{"work", work.name},
                                                {"device", arguments.device},
                                                {"threads", context.threads()},
                                                {"precision", arguments.precision},
                                                {"repeatable", arguments.repeatable},
                                                {"ms", ms},
                                                {"median_ms", times.median_ms},
                                                {"per_second", work.items / times.median_ms * 1e3},
                                                {"unit", work.unit},
                                                {"peak_bytes", context.pool().peak_bytes()},
                                                {"choices", context.algorithms().used()}})
            << std::endl;
}

void add_work_flags(Flags& flags, Arguments& arguments) {
  flags.add({.name = "--batch-size",
             .group = "Work",
             .help = "images of a network's step, and of kernels that work on images",
             .value = "N",
             .fallback = std::to_string(arguments.options.batch_size)},
            arguments.options.batch_size, 1, kLargestBatch);
  flags.add({.name = "--image-size",
             .group = "Work",
             .help = "height and width of a step's images",
             .value = "N",
             .fallback = std::to_string(arguments.options.image_size)},
            arguments.options.image_size, 8, kLargestImage);
  flags.add({.name = "--rows",
             .group = "Work",
             .help = "rows of a loss, both views together: an even number",
             .value = "N",
             .fallback = std::to_string(arguments.options.rows)},
            arguments.options.rows, 2, 2 * kLargestBatch);
  flags.add({.name = "--dim",
             .group = "Work",
             .help = "columns of a loss",
             .value = "N",
             .fallback = std::to_string(arguments.options.dim)},
            arguments.options.dim, 1, kMostDimensions);
  flags.add({.name = "--precision",
             .group = "Work",
             .help = "of activations; a loss is fp32 but for its products",
             .value = "fp32|tf32|bf16",
             .fallback = arguments.precision},
            arguments.precision);
  flags.add({.name = "--kernel",
             .group = "Work",
             .help = "of the work `kernels`, those with NAME in their names",
             .value = "NAME",
             .fallback = "all"},
            arguments.kernel);
}

void add_run_flags(Flags& flags, Arguments& arguments) {
  flags.add({.name = "--repetitions", .group = "Run", .help = "that are timed", .value = "N", .fallback = "10"},
            arguments.repetitions.timed, 1, kMostRepetitions);
  flags.add({.name = "--warmup", .group = "Run", .help = "repetitions before them", .value = "N", .fallback = "3"},
            arguments.repetitions.warmup, 0, kMostRepetitions);
  flags.add(
      {.name = "--device", .group = "Run", .help = "where to compute", .value = "cpu|cuda|cuda:N", .fallback = "cpu"},
      arguments.device);
  flags.add({.name = "--cuda-graph",
             .group = "Run",
             .help = "on a GPU: launch the work as a CUDA graph, from its third run on; not with --profile",
             .value = "on|off",
             .fallback = arguments.cuda_graph},
            arguments.cuda_graph);
  flags.add({.name = "--repeatable",
             .group = "Run",
             .help = "on a GPU: the same bits every time; off lets cuDNN add in any order",
             .value = "on|off",
             .fallback = arguments.repeatable},
            arguments.repeatable);
  flags.add({.name = "--threads", .group = "Run", .help = "CPU threads, 0 for all", .value = "N", .fallback = "0"},
            arguments.threads, 0, engine::Context::kMostThreads);
  flags.add_switch({.name = "--profile", .group = "Run", .help = "print where the time goes, per kernel and per layer"},
                   arguments.profile);
}

/// False when a text was printed and there is nothing more to do.
bool parse(int argc, char** argv, Arguments& arguments) {
  Flags flags("bench", engine::concat("Times one piece of work: bench WORK.\n\n", list_works()));
  flags.add_positional({.name = "WORK", .help = "what to time"}, arguments.work);
  add_work_flags(flags, arguments);
  add_run_flags(flags, arguments);
  if (!flags.parse(argc, argv)) return false;
  if (arguments.work.empty()) throw UsageError("say what to time: bench WORK; bench --help lists the works");
  return true;
}

int bench(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return kSuccess;
  Config config;
  set_value(config, *find_field("run.device"), arguments.device, "--device");
  set_value(config, *find_field("run.cuda_graph"), arguments.cuda_graph, "--cuda-graph");
  set_value(config, *find_field("run.repeatable"), arguments.repeatable, "--repeatable");
  set_value(config, *find_field("run.precision"), arguments.precision, "--precision");
  config.run.threads = arguments.threads;
  const engine::Context context = make_context(config);
  warn_of_threads(context, config, "bench");
  arguments.options.activations = activation_dtype(config);
  if (!context.on_cuda() && !(config.run.cuda_graph && config.run.repeatable))
    throw UsageError("--cuda-graph off and --repeatable off do nothing on the CPU: leave them, or add --device cuda");
  arguments.graph = config.run.cuda_graph;
  context.algorithms().time_new(true);
  if (arguments.work == "kernels") {
    if (arguments.profile) throw UsageError("--profile is of steps; bench kernels times every kernel by itself");
    time_kernels(context, arguments.kernel,
                 {.images = arguments.options.batch_size,
                  .rows = arguments.options.rows,
                  .dim = arguments.options.dim,
                  .activations = arguments.options.activations},
                 arguments.repetitions);
    return kSuccess;
  }
  time_work(context, arguments);
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, bench); }
