#include "apps/suppress/arguments.h"

#include <fmt/format.h>

#include "apps/run/recipes.h"
#include "apps/run/settings_flags.h"
#include "apps/settings/usage_error.h"

namespace apps {
namespace {

void add_run_settings(Flags& flags, SuppressRequest& request) {
  flags.add({.name = "--recipe",
             .group = "Runs",
             .help = fmt::format("start from a recipe: {}, or a file", recipe_names()),
             .value = "NAME|FILE.toml"},
            [&request](const std::string& text) { request.layers.recipe = read_recipe(text); });
  flags.add(
      {.name = "--set",
       .group = "Runs",
       .help = "set any key of every run (see pretrain --help-config)",
       .value = "KEY=VALUE"},
      [&request](const std::string& text) { request.layers.set.push_back(read_set(text)); }, /*repeated=*/true);
  for (const ConfigField& field : config_table()) {
    // Seeds are counted by --seeds, and bits are planted by --plant.
    if (field.flag.empty() || field.key == "train.seed" || field.key == "data.bits") continue;
    const auto given = [&request, &field](const std::string& text) {
      request.layers.flags.push_back({.field = &field, .text = text, .where = std::string(field.flag)});
    };
    if (field.bare)
      flags.add_switch(flag_of(field), given);
    else
      flags.add(flag_of(field), given);
  }
}

}  // namespace

bool parse(int argc, char** argv, SuppressRequest& request) {
  std::string out;
  Flags flags(
      "suppress",
      "Asks which of the features that views share an objective learns: suppress --data SOURCE --plant FEATURE\n"
      "trains one recipe without the feature, with it, and with it drawn for every view (the control). Every\n"
      "run is a run directory like pretrain's; however it is stopped, the same command goes on where it was.");
  flags.add({.name = "--plant",
             .group = "Feature",
             .help = "feature that views share: random bits; a digit over the image (of digits:, or of a source); or "
                     "values of your own, whole numbers [N], one for each training image",
             .value = "bits=N|digit|digit=SOURCE|FILE.npy"},
            request.plant);
  flags.add(
      {.name = "--remedy",
       .group = "Feature",
       .help = "also train the planted arm with a remedy; may be repeated",
       .value = "NAME"},
      [&request](const std::string& name) { request.remedies.push_back(name); }, /*repeated=*/true);
  flags.add(
      {.name = "--seeds", .group = "Runs", .help = "runs of every arm, seeds 1 to N", .value = "N", .fallback = "1"},
      request.seeds, 1, kMostArmSeeds);
  flags.add({.name = "--every",
             .group = "Observation",
             .help = "steps between observations",
             .value = "N",
             .fallback = "a twentieth of the training"},
            request.every, 1);
  flags.add({.name = "--probe-images",
             .group = "Observation",
             .help = "images that probes are trained on at most, and as many that they are tested on",
             .value = "N",
             .fallback = std::to_string(request.probe_images)},
            request.probe_images, 10);
  add_run_settings(flags, request);
  flags.add({.name = "--out",
             .group = "Output",
             .help = "directory of all runs and results",
             .value = "DIR",
             .fallback = "runs/suppress-PLANT"},
            out);
  flags.add_text({.name = "--list-remedies", .group = "Information", .help = "what --remedy can be, with its settings"},
                 remedies_text);
  if (!flags.parse(argc, argv)) return false;
  if (request.plant.empty())
    throw UsageError("say what to plant, as in suppress --data mnist:DIR --plant bits=10; --help shows what there is");
  const Plant plant = Plant::parse(request.plant);
  request.out = out.empty() ? "runs/suppress-" + plant.file_name() : out;
  return true;
}

}  // namespace apps
