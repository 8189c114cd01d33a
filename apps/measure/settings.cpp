#include "apps/measure/settings.h"

#include <algorithm>
#include <list>

#include "apps/run/flags.h"
#include "apps/run/settings_flags.h"
#include "apps/settings/limits.h"

namespace apps {
namespace {

using MeasureField = Field<MeasureSettings>;

constexpr char kLoss[] = "loss.name";
constexpr int kMostNeighbours = 10'000;  // as lineval.knn

/// The flag of a key that has none in `pretrain`: "--swd-scaling" of "loss.swd_scaling".
std::string_view flag_of_key(std::string_view key) {
  static std::list<std::string> flags;  // a table keeps views of them
  std::string& flag = flags.emplace_back("--");
  for (const char c : key.substr(key.find('.') + 1)) flag += c == '_' ? '-' : c;
  return flag;
}

/// The requirements that concern embeddings; those of a run's objective do not.
Condition without_objective(Condition condition) {
  std::erase_if(condition.all,
                [](const Requirement& requirement) { return requirement.key.starts_with("objective."); });
  return condition;
}

/// A flag for a key of the configuration of a run; it accepts the values of that key.
MeasureField of_key(const ConfigField& field, std::string_view group, std::string_view help = {}) {
  return {.key = field.key,
          .value = {field.value, &MeasureSettings::config},
          .flag = field.flag.empty() ? flag_of_key(field.key) : field.flag,
          .help = help.empty() ? field.help : help,
          .range = field.range,
          .only_with = without_objective(field.only_with),
          .group = group};
}

/// Every key of losses, so that a new one is a flag here as well.
std::vector<MeasureField> loss_flags() {
  std::vector<MeasureField> flags;
  for (const ConfigField& field : config_table()) {
    if (!field.key.starts_with("loss.") || is_over_time(field.key)) continue;
    MeasureField flag = of_key(field, "Losses");
    if (field.key == kLoss) {
      flag.help = "measure only this loss";
      flag.fallback = "all";
    }
    if (field.key == "loss.prior") flag.fallback = "each; sphere with --loss";
    flags.push_back(flag);
  }
  return flags;
}

std::vector<MeasureField> embedding_flags() {
  return {
      {.key = "--tensor",
       .value = MEMBER(tensor),
       .flag = "--tensor",
       .help = "name of the tensor in a safetensors file, also as FILE:NAME",
       .group = "Embeddings",
       .placeholder = "NAME",
       .fallback = "its only one"},
      {.key = "--views",
       .value = MEMBER(views),
       .flag = "--views",
       .help = "of a single file: 2 if the rows of view 1 stand above those of view 2, else 1",
       .range = between(1, 2),
       .group = "Embeddings"},
      {.key = "--images",
       .value = MEMBER(images),
       .flag = "--images",
       .help = "of a single file with any number of views: the number of each row's image",
       .group = "Embeddings",
       .placeholder = "FILE"},
      {.key = "--k",
       .value = MEMBER(neighbours),
       .flag = "--k",
       .help = "nearest neighbours that vote for a label",
       .range = between(1, kMostNeighbours),
       .group = "Embeddings"},
  };
}

std::vector<MeasureField> other_flags() {
  return {
      of_key(*config_table().find("train.seed"), "Run", "of what losses draw: directions and priors"),
      of_key(*config_table().find("run.device"), "Run", "where to compute losses and similarities"),
      of_key(*config_table().find("run.threads"), "Run", "CPU threads, 0 for all"),
      {.key = "--gradient",
       .value = MEMBER(gradient),
       .flag = "--gradient",
       .help = "with --loss: write the gradient of the loss with respect to the embeddings, f32 [rows,d]",
       .group = "Output",
       .placeholder = "FILE.npy"},
      {.key = "--json",
       .value = MEMBER(json),
       .flag = "--json",
       .help = "print one JSON object",
       .group = "Output",
       .bare = true},
  };
}

std::pair<std::string, std::string> read_labels(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    throw UsageError("--labels must be NAME=FILE.npy, as in digit=labels.npy, got '" + text + "'");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Throws if the flags contradict each other.
void check(const MeasureSettings& settings, bool gives_views) {
  if (settings.embeddings.empty()) throw UsageError("give a file of embeddings: measure EMBEDDINGS [SECOND_VIEW]");
  if (!settings.second_view.empty() && !settings.images.empty())
    throw UsageError("--images is of a single file; two files are two views of the same images, row by row");
  if (gives_views && !(settings.second_view.empty() && settings.images.empty()))
    throw UsageError("--views is of a single file without --images; the views are told already, so leave it out");
  const bool two_views = settings.images.empty() && (settings.views == 2 || !settings.second_view.empty());
  if (settings.one_loss && !two_views)
    throw UsageError("--loss compares two views of each image, and here are others: leave out --images and --views 1");
  if (!settings.gradient.empty() && !settings.one_loss)
    throw UsageError("--gradient is of one loss: give --loss NAME too");
  for (std::size_t i = 0; i < settings.labels.size(); ++i) {
    const auto same = [&](const auto& other) { return other.first == settings.labels[i].first; };
    if (std::count_if(settings.labels.begin(), settings.labels.end(), same) > 1)
      throw UsageError("--labels has '" + settings.labels[i].first + "' twice; give each set a name of its own");
  }
  check_loss(settings.config.loss);
  if (settings.one_loss) measure_table().check_conditions(settings);
}

}  // namespace

const Table<MeasureSettings>& measure_table() {
  static const Table<MeasureSettings> table = {embedding_flags(), loss_flags(), other_flags()};
  return table;
}

bool is_over_time(std::string_view key) {
  constexpr std::string_view kKeys[] = {"loss.temperature_schedule", "loss.temperature_high", "loss.temperature_period",
                                        "loss.fixed_directions"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

bool parse(int argc, const char* const* argv, MeasureSettings& settings) {
  Flags flags(
      "measure",
      "Tells what embeddings look like, whoever made them: measure EMBEDDINGS [SECOND_VIEW]. Files are .npy or\n"
      "safetensors, [rows,d] in f16, f32, f64 or (safetensors) bf16. Two views of the same images are two files\n"
      "of n rows, or one of 2n, the rows of view 1 above those of view 2.");
  flags.add_positional({.name = "EMBEDDINGS", .help = "FILE.npy, FILE.safetensors or FILE.safetensors:TENSOR"},
                       settings.embeddings);
  flags.add_positional({.name = "SECOND_VIEW", .help = "the same images seen another way"}, settings.second_view);
  bool gives_views = false;
  add_flags<MeasureSettings>(flags, measure_table(), [&](const MeasureField& field, const std::string& text) {
    field.set(settings, text, field.flag);
    if (field.key == kLoss) settings.one_loss = true;
    if (field.key == "loss.prior") settings.one_prior = true;
    if (field.key == "--views") gives_views = true;
  });
  flags.add(
      {.name = "--labels",
       .group = "Embeddings",
       .help = "a label for each row or each image (repeatable): accuracy of nearest neighbours,\nand whether it "
               "outweighs the image",
       .value = "NAME=FILE"},
      [&](const std::string& text) { settings.labels.push_back(read_labels(text)); }, /*repeated=*/true);
  if (!flags.parse(argc, argv)) return false;
  check(settings, gives_views);
  return true;
}

}  // namespace apps
