#include "apps/bench/kernel_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/run/environment.h"
#include "apps/run/exit_code.h"
#include "apps/run/json_text.h"
#include "kernels/context.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

std::vector<KernelEntry> entries_with(const std::string& part) {
  std::vector<KernelEntry> found = kernel_entries();
  std::vector<std::string_view> names;
  for (const KernelEntry& entry : found) names.push_back(entry.name);
  std::erase_if(found, [&](const KernelEntry& entry) { return entry.name.find(part) == std::string_view::npos; });
  if (found.empty())
    throw UsageError(
        fmt::format("no kernel has '{}' in its name; the nearest is {}", part, engine::nearest(part, names)));
  return found;
}

double giga_per_s(std::int64_t amount, double ms) { return static_cast<double>(amount) / ms / 1e6; }

}  // namespace

void time_kernels(const engine::Context& context, const std::string& part, const KernelSizes& sizes,
                  const Repetitions& repetitions) {
  const std::vector<KernelEntry> entries = entries_with(part);
  const Ceilings ceilings = measure_ceilings(context, sizes.activations, repetitions);
  std::cerr << fmt::format(
      "copies {:.0f} GB/s, multiplies {} matrices at {:.2f} TFLOP/s\n\n{:<31}{:<27}{:>9}{:>24}{:>9}{:>9}{:>6}\n",
      ceilings.copied_bytes_per_s / 1e9, engine::name(sizes.activations), ceilings.operations_per_s / 1e12, "kernel",
      "example", "ms", "(min - max)", "GB/s", "TFLOP/s", "%");
  nlohmann::ordered_json kernels = nlohmann::ordered_json::array();
  for (const KernelEntry& entry : entries) {
    const KernelTimes k = time_kernel(context, entry, sizes, repetitions);
    const double ms = k.times.median_ms, percent = 100 * ceilings.share(k.cost, ms);
    std::cerr << fmt::format("{:<31}{:<27}{:>9.4f}{:>24}{:>9.1f}{:>9.3f}{:>6.0f}\n", k.name, k.example, ms,
                             fmt::format("({:.4f} - {:.4f})", k.times.minimum_ms, k.times.maximum_ms),
                             giga_per_s(k.cost.bytes, ms), giga_per_s(k.cost.operations, ms) / 1e3, percent)
              << std::flush;
    kernels.push_back({{"kernel", k.name},
                       {"example", k.example},
                       {"median_ms", ms},
                       {"minimum_ms", k.times.minimum_ms},
                       {"maximum_ms", k.times.maximum_ms},
                       {"bytes", k.cost.bytes},
                       {"operations", k.cost.operations},
                       {"percent_of_ceiling", percent}});
  }
  std::cout << json_text(nlohmann::ordered_json{{"device", engine::concat(context.device())},
                                                {"model", context.backend().model()},
                                                {"cpu", cpu_model()},
                                                {"threads", context.threads()},
                                                {"activations", engine::name(sizes.activations)},
                                                {"copied_bytes_per_s", ceilings.copied_bytes_per_s},
                                                {"operations_per_s", ceilings.operations_per_s},
                                                {"libraries", kernels::library_versions()},
                                                {"kernels", kernels},
                                                {"choices", context.algorithms().used()}})
            << std::endl;
}

}  // namespace apps
