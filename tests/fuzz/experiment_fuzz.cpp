// Experiments in files.
#include <cmath>

#include "apps/reproduce/experiment_file.h"
#include "apps/run/exit_code.h"
#include "apps/run/recipes.h"
#include "tests/fuzz/input.h"

namespace apps {

// In place of those that a build embeds.
std::span<const Recipe> recipes() {
  static constexpr Recipe kRecipes[] = {{"demo", "[train]\nepochs = 1\n"}, {"randbits-mnist", "[data]\nbits = 0\n"}};
  return kRecipes;
}

}  // namespace apps

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const apps::Experiment experiment = apps::read_experiment(text_of(data, size), "input", "input");
    for (const apps::Budget& budget : experiment.budgets) {
      for (const apps::Place& place : apps::places(experiment, budget)) {
        must(!apps::name_at(experiment, budget, place).empty(), "every place has a name");
        for (const apps::Quantity& quantity : experiment.quantities()) {
          const auto published = apps::published_at(experiment, budget, place, quantity.name);
          must(!published || !std::isnan(*published), "a published figure is a number");
        }
      }
    }
  } catch (const apps::UsageError&) {}
  return 0;
}
