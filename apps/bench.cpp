#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/bench/works.h"
#include "apps/run/exit_code.h"
#include "apps/run/fields.h"
#include "apps/run/flags.h"
#include "apps/run/main.h"
#include "apps/run/precision.h"
#include "apps/train/make_context.h"
#include "kernels/context.h"

namespace {

using namespace apps;

struct Arguments {
  std::string work, device = "cpu";
  WorkOptions options;
  std::string precision = "fp32";
  std::int64_t threads = 0, repetitions = 10, warmup = 2;
  bool profile = false;
};

constexpr std::int64_t kMostThreads = 4096;  // as run.threads

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

int bench(int argc, char** argv) {
  Arguments arguments;
  Flags flags("bench", engine::concat("Times one piece of work: bench WORK.\n\n", list_works()));
  flags.add_positional({.name = "WORK", .help = "what to time"}, arguments.work);
  flags.add({.name = "--batch-size",
             .group = "Work",
             .help = "images of a network's step",
             .value = "N",
             .fallback = std::to_string(arguments.options.batch_size)},
            arguments.options.batch_size, 1);
  flags.add({.name = "--image-size",
             .group = "Work",
             .help = "height and width of the images",
             .value = "N",
             .fallback = std::to_string(arguments.options.image_size)},
            arguments.options.image_size, 8);
  flags.add({.name = "--rows",
             .group = "Work",
             .help = "rows of a loss, both views together: an even number",
             .value = "N",
             .fallback = std::to_string(arguments.options.rows)},
            arguments.options.rows, 2);
  flags.add({.name = "--dim",
             .group = "Work",
             .help = "columns of a loss",
             .value = "N",
             .fallback = std::to_string(arguments.options.dim)},
            arguments.options.dim, 1);
  flags.add({.name = "--precision",
             .group = "Work",
             .help = "of a network's step; a loss is always fp32",
             .value = "fp32|bf16",
             .fallback = arguments.precision},
            arguments.precision);
  flags.add({.name = "--repetitions", .group = "Run", .help = "that are timed", .value = "N", .fallback = "10"},
            arguments.repetitions, 1);
  flags.add({.name = "--warmup", .group = "Run", .help = "repetitions before them", .value = "N", .fallback = "2"},
            arguments.warmup, 0);
  flags.add(
      {.name = "--device", .group = "Run", .help = "where to compute", .value = "cpu|cuda|cuda:N", .fallback = "cpu"},
      arguments.device);
  flags.add({.name = "--threads", .group = "Run", .help = "CPU threads, 0 for all", .value = "N", .fallback = "0"},
            arguments.threads, 0, kMostThreads);
  flags.add_switch({.name = "--profile", .group = "Run", .help = "print where the time goes, per kernel and per layer"},
                   arguments.profile);
  if (!flags.parse(argc, argv)) return kSuccess;
  if (arguments.work.empty()) throw UsageError("say what to time: bench WORK; bench --help lists the works");

  Config config;
  set_value(config, *find_field("run.device"), arguments.device, "--device");
  set_value(config, *find_field("run.precision"), arguments.precision, "--precision");
  config.run.threads = arguments.threads;
  const engine::Context context = make_context(config);
  arguments.options.activations = activation_dtype(config);
  kernels::time_new_choices(context, true);
  const Work work = make_work(context, arguments.work, arguments.options);
  for (std::int64_t i = 0; i < arguments.warmup; ++i) work.run();
  context.pool().reset_peak();
  context.profiler().enable(arguments.profile);
  std::vector<double> ms;
  for (std::int64_t i = 0; i < arguments.repetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work.run();
    context.backend().synchronize();
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  if (arguments.profile) context.profiler().print(std::cerr);
  const double middle = median(ms);
  std::cerr << fmt::format("{}: median {:.3f} ms, minimum {:.3f} ms, {:.1f} {}/s, {:.1f} MiB at the peak\n", work.name,
                           middle, *std::min_element(ms.begin(), ms.end()), work.items / middle * 1e3, work.unit,
                           static_cast<double>(context.pool().peak_bytes()) / (1 << 20));
  std::cout << nlohmann::ordered_json{{"work", work.name},
                                      {"device", arguments.device},
                                      {"threads", context.threads()},
                                      {"precision", arguments.precision},
                                      {"ms", ms},
                                      {"median_ms", middle},
                                      {"per_second", work.items / middle * 1e3},
                                      {"unit", work.unit},
                                      {"peak_bytes", context.pool().peak_bytes()},
                                      {"choices", kernels::timed_choices(context)}}
                   .dump()
            << std::endl;
  return kSuccess;
}

}  // namespace

int main(int argc, char** argv) { return apps::run_main(argc, argv, bench); }
