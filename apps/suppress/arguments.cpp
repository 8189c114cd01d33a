#include "apps/suppress/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/run/recipes.h"
#include "apps/run/settings_flags.h"
#include "apps/settings/usage_error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

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

/// What only one of the two uses of the program has.
struct Texts {
  std::string out, table;
  std::int64_t seeds = 0;
};

/// Throws for a flag that says how to train, since --table trains nothing.
void refuse_training(const SuppressRequest& request, const Texts& texts) {
  const auto refuse = [](std::string_view flag) {
    throw UsageError(
        fmt::format("{} is for a training, and --table reads runs that are finished; leave one of them out", flag));
  };
  if (!request.plant.empty()) refuse("--plant");
  if (!request.remedies.empty()) refuse("--remedy");
  if (texts.seeds > 0) refuse("--seeds");
  if (request.every > 0) refuse("--every");
  if (!request.layers.recipe.empty()) refuse("--recipe");
  if (!request.layers.set.empty()) refuse("--set");
  for (const Assignment& given : request.layers.flags) {
    static constexpr std::array kAlsoForTables{"data.source", "data.workers", "run.device", "run.threads",
                                               "run.report"};
    if (std::ranges::find(kAlsoForTables, given.field->key) == kAlsoForTables.end()) refuse(given.field->flag);
  }
}

TableRequest table_of(const SuppressRequest& request, const Texts& texts) {
  refuse_training(request, texts);
  TableRequest table{.directory = texts.table,
                     .out = texts.out.empty() ? fs::path(texts.table) / "suppression" : fs::path(texts.out),
                     .looks = {.probe_images = request.probe_images}};
  Config given;
  for (const Assignment& assignment : request.layers.flags) {
    const ConfigField& field = *assignment.field;
    field.set(given, assignment.text, assignment.where);
    if (field.key == "data.source") table.images = given.data.source;
    if (field.key == "data.workers") table.looks.workers = given.data.loader.workers;
    if (field.key == "run.device") table.looks.device = given.run.compute.device;
    if (field.key == "run.threads") table.looks.threads = given.run.compute.threads;
    if (field.key == "run.report") table.report = given.run.report;
  }
  return table;
}

}  // namespace

bool parse(int argc, char** argv, SuppressArguments& arguments) {
  SuppressRequest& request = arguments.training;
  Texts texts;
  Flags flags(
      "suppress",
      "Asks which of the features that views share an objective learns: suppress --data SOURCE --plant FEATURE\n"
      "trains one recipe without the feature, with it, and with it drawn for every view (the control). Every\n"
      "run is a run directory like pretrain's; however it is stopped, the same command goes on where it was.\n"
      "suppress --table DIR tells the same of runs that are finished, and trains nothing.");
  flags.add({.name = "--plant",
             .group = "Feature",
             .help = "feature that views share: random bits; a digit over the image (of digits:, or of a source); or "
                     "values of your own, whole numbers [N], one for each training image",
             .value = "bits=N|digit|digit=SOURCE|FILE.npy"},
            request.plant);
  flags.add({.name = "--table",
             .group = "Feature",
             .help = "instead: compare the finished runs in this directory, of suppress, reproduce or pretrain, that\n"
                     "differ in a planted feature; of the flags below it takes --data (where the images are now),\n"
                     "--probe-images, --device, --threads, --workers, --report and --out",
             .value = "DIR"},
            texts.table);
  flags.add(
      {.name = "--remedy",
       .group = "Feature",
       .help = "also train the planted arm with a remedy; may be repeated",
       .value = "NAME"},
      [&request](const std::string& name) { request.remedies.push_back(name); }, /*repeated=*/true);
  flags.add(
      {.name = "--seeds", .group = "Runs", .help = "runs of every arm, seeds 1 to N", .value = "N", .fallback = "1"},
      texts.seeds, 1, kMostArmSeeds);
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
             .fallback = "runs/suppress-PLANT, or TABLE/suppression"},
            texts.out);
  flags.add_text({.name = "--list-remedies", .group = "Information", .help = "what --remedy can be, with its settings"},
                 remedies_text);
  if (!flags.parse(argc, argv)) return false;
  if (!texts.table.empty()) {
    arguments.table = table_of(request, texts);
    return true;
  }
  if (request.plant.empty()) {
    throw UsageError(
        "say what to plant, as in suppress --data mnist:DIR --plant bits=10, or what to read, as in suppress --table "
        "DIR; --help shows what there is");
  }
  if (texts.seeds > 0) request.seeds = texts.seeds;
  const Plant plant = Plant::parse(request.plant);
  request.out = texts.out.empty() ? "runs/suppress-" + plant.file_name() : texts.out;
  return true;
}

}  // namespace apps
