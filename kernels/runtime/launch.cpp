#include "kernels/runtime/launch.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace engine {
namespace {

struct Variables {
  const char *rank, *ranks, *by;
};
// srun sets SLURM_NTASKS also for a batch script, which is one process; SLURM_STEP_NUM_TASKS is of what srun starts.
constexpr Variables kLaunchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "mpirun"},
                                    {"PMI_RANK", "PMI_SIZE", "mpirun"},
                                    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "srun"}};

std::optional<int> number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view all = text;
  int value = 0;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc{} || end != all.data() + all.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Launch launch_of(const std::function<const char*(const char* name)>& variable) {
  for (const Variables& of : kLaunchers) {
    const auto rank = number(variable(of.rank)), ranks = number(variable(of.ranks));
    if (rank && ranks && *ranks > 1) return {.rank = *rank, .ranks = *ranks, .by = of.by};
  }
  return {};
}

Launch launched() {
  return launch_of([](const char* name) { return std::getenv(name); });
}

}  // namespace engine
