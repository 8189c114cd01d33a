#include "apps/lineval/arguments.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>
#include <vector>

#include "apps/config/key_flag.h"
#include "apps/run/run_config.h"
#include "apps/run/settings_flags.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using EvaluationField = Field<EvaluationSettings>;

/// Whether the command line has a flag.
using Gives = std::function<bool(std::string_view flag)>;

/// Throws UsageError if --raw is given beside something about a network.
void check_raw(const EvaluationSettings& settings, const Gives& gives) {
  if (!settings.run.empty())
    throw UsageError("--raw evaluates the pixels of --data, and RUN_DIR a run; give one of them");
  for (const std::string_view flag : {"--weights", "--random-init", "--arch", "--normalize", "--tap", "--precision"}) {
    if (gives(flag))
      throw UsageError(engine::concat(flag, " is for a network, and --raw evaluates pixels without one"));
  }
  if (!gives("--data")) throw UsageError("--raw needs --data SOURCE, whose pixels it evaluates");
}

/// Sets what follows from the flags if a file of weights is evaluated.
void complete_pretrained(EvaluationSettings& settings, const Gives& gives) {
  if (!settings.run.empty()) throw UsageError("--weights evaluates a file, and RUN_DIR a run; give one of them");
  if (settings.random_init) throw UsageError("--random-init is for RUN_DIR: a file has no network but its own");
  if (!gives("--data")) throw UsageError("--weights needs --data SOURCE, as a file of weights says nothing of images");
  const models::EncoderOptions& encoder = settings.config.model.encoder;
  settings.pretrained.file = settings.weights;
  if (gives("--arch")) settings.pretrained.arch = encoder.arch;
  if (gives("--normalize")) settings.pretrained.normalization = encoder.input.normalization;
}

/// Sets the keys that follow from other flags.
void complete(EvaluationSettings& settings, bool asks_for_report) {
  Config& config = settings.config;
  // The untrained network has no run to draw, and results stored with --out do not change the run's report.
  const bool draws_none = settings.random_init || !settings.out.empty() || settings.run.empty();
  if (draws_none && asks_for_report && config.run.report)
    throw UsageError(
        "--report on draws the run's directory, but --out, --weights, --raw and --random-init store their results "
        "elsewhere; leave out one of them");
  if (draws_none) config.run.report = false;
  config.run.compute.precision = config.lineval.precision;
  config.run.compute.repeatable = true;  // an evaluation is always repeatable
  if (settings.random_init || settings.run.empty()) config.train.seed = config.lineval.seed;
  if (settings.label_sets.empty()) throw UsageError("--labels needs the name of at least one label set");
}

/// What data are, in a directory's name: "randbit-mnist" of "randbit(mnist:DIR, bits=5)".
std::string words_of(const std::string& source) {
  std::string words;
  for (const char character : source.substr(0, source.find(':'))) {
    if (std::isalnum(static_cast<unsigned char>(character)))
      words += character;
    else if (!words.empty() && words.back() != '-')
      words += '-';
  }
  return words;
}

}  // namespace

const Table<EvaluationSettings>& evaluation_table() {
  static const Table<EvaluationSettings> table = {
      {
          {.key = "--random-init",
           .value = MEMBER(random_init),
           .flag = "--random-init",
           .help = "evaluate the same network untrained, into RUN_DIR-random-init",
           .group = "Evaluation",
           .bare = true},
          {.key = "--weights",
           .value = MEMBER(weights),
           .flag = "--weights",
           .help = "evaluate the encoder in a safetensors file instead of a run: torchvision's, timm's or an export;\n"
                   "results go to FILE-lineval",
           .group = "Evaluation",
           .placeholder = "FILE"},
          {.key = "--raw",
           .value = MEMBER(raw),
           .flag = "--raw",
           .help =
               "evaluate the pixels of --data themselves, from 0 to 1, without a network; planes of random bits are\n"
               "part of them; results go to runs/raw-DATA/eval",
           .group = "Evaluation",
           .bare = true},
          key_flag<EvaluationSettings>(
              "model.arch",
              {.flag = "--arch", .group = "Evaluation", .help = "the encoder in that file", .fallback = "the file's"}),
          key_flag<EvaluationSettings>("model.normalize", {.flag = "--normalize",
                                                           .group = "Evaluation",
                                                           .help = "images are (x - mean) / std before that encoder",
                                                           .fallback = "the file's, or imagenet"}),
          {.key = "--tap",
           .value = MEMBER(tap),
           .flag = "--tap",
           .help = "evaluate an activation of the network instead of the encoder's output: group1..group4 (ResNet),\n"
                   "conv1..conv3 (convn), layer1.. (projection head); results go to RUN_DIR/eval/NAME",
           .group = "Evaluation",
           .placeholder = "NAME",
           .fallback = Representation::kFeatures},
          {.key = "--labels",
           .value = MEMBER(label_sets),
           .flag = "--labels",
           .help =
               "the label sets whose classes are told apart, each by itself, from one pass over the images: digit,\n"
               "shape, ...; results go to RUN_DIR/eval/SET, or with several sets and --out to DIR/SET",
           .group = "Evaluation",
           .placeholder = "SET,SET,...",
           .fallback = "the first"},
          key_flag<EvaluationSettings>("lineval.learning_rates",
                                       {.flag = "--learning-rates",
                                        .group = "Evaluation",
                                        .help = "the grid; each is scaled by batch size / 256"}),
          key_flag<EvaluationSettings>(
              "lineval.epochs", {.flag = "--epochs", .group = "Evaluation", .help = "passes over the training set"}),
          key_flag<EvaluationSettings>("lineval.batch_size",
                                       {.flag = "--batch-size", .group = "Evaluation", .help = "of the classifiers"}),
          key_flag<EvaluationSettings>(
              "lineval.redraw",
              {.flag = "--redraw",
               .group = "Evaluation",
               .help = "on: where the data draw at every visit (multidigits, trifeature, redraw=visit, ...), each\n"
                       "epoch computes the features of the training images anew, as drawn for it: as many times\n"
                       "the work as there are epochs",
               .placeholder = "on|off"}),
          key_flag<EvaluationSettings>(
              "lineval.standardize",
              {.flag = "--standardize",
               .group = "Evaluation",
               .help = "on: also train classifiers on features less their mean and divided by their standard\n"
                       "deviation over the training set; features on very different scales need it",
               .placeholder = "on|off"}),
          key_flag<EvaluationSettings>(
              "lineval.knn",
              {.flag = "--knn", .group = "Evaluation", .help = "neighbours that vote", .placeholder = "K"}),
          key_flag<EvaluationSettings>("lineval.knn_metric",
                                       {.flag = "--knn-metric",
                                        .group = "Evaluation",
                                        .help = "nearest by the angle between features, or by their distance"}),
          key_flag<EvaluationSettings>(
              "lineval.knn_weights",
              {.flag = "--knn-weights",
               .group = "Evaluation",
               .help = "a neighbour's vote counts exp(similarity / temperature), or as much as any other"}),
          key_flag<EvaluationSettings>(
              "lineval.knn_temperature",
              {.flag = "--knn-temperature",
               .group = "Evaluation",
               .help = "divides the similarity, which is the cosine, or minus the squared distance"}),
          key_flag<EvaluationSettings>("lineval.seed",
                                       {.flag = "--seed",
                                        .group = "Evaluation",
                                        .help = "of the held-out part, the shuffles and the untrained network"}),
      },
      {
          key_flag<EvaluationSettings>("data.source", {.flag = "--data",
                                                       .group = "Data",
                                                       .help = "read the data from here",
                                                       .placeholder = "SOURCE",
                                                       .fallback = "the run's"}),
          key_flag<EvaluationSettings>("data.skip_bad",
                                       {.flag = "--skip-bad",
                                        .group = "Data",
                                        .help = "on: replace images that cannot be read, and count them",
                                        .placeholder = "on|off",
                                        .fallback = "the run's"}),
          key_flag<EvaluationSettings>(
              "run.device", {.flag = "--device", .group = "Run", .help = "where to compute", .fallback = "the run's"}),
          key_flag<EvaluationSettings>(
              "run.threads",
              {.flag = "--threads", .group = "Run", .help = "CPU threads, 0 for all", .fallback = "the run's"}),
          key_flag<EvaluationSettings>(
              "lineval.precision",
              {.flag = "--precision", .group = "Run", .help = "of the encoder, whatever it was trained in"}),
      },
      {
          {.key = "--out",
           .value = MEMBER(out),
           .flag = "--out",
           .help = "put the results here, and nothing into the run's directory",
           .group = "Output",
           .placeholder = "DIR",
           .fallback = "RUN_DIR/eval"},
          {.key = "--save-features",
           .value = MEMBER(save_features),
           .flag = "--save-features",
           .help = "also write {train,test}_{features,labels}.npy, as `measure` and NumPy read them, into DIR; with\n"
                   "several label sets {train,test}_labels_SET.npy",
           .group = "Output",
           .placeholder = "DIR"},
          key_flag<EvaluationSettings>("run.report",
                                       {.flag = "--report",
                                        .group = "Output",
                                        .help = "draw the run's plots and report.html again with tools/report",
                                        .fallback = "the run's"}),
      },
  };
  return table;
}

bool parse(int argc, const char* const* argv, EvaluationSettings& settings) {
  Flags flags(
      "lineval",
      "Linear evaluation of a pretrained encoder: lineval RUN_DIR, or lineval --weights FILE --data SOURCE; or of the "
      "pixels\nthemselves: lineval --raw --data SOURCE. Trains linear classifiers on frozen features for a grid of "
      "learning rates in one\npass, chooses the rate on a held-out part of the training set, and reports top-1 on the "
      "test set, with k nearest\nneighbours beside it. Without flags the protocol is the run's: its keys lineval.*.");
  flags.add_positional({.name = "RUN_DIR", .help = "directory of a pretraining run"}, settings.run);
  std::vector<std::pair<const EvaluationField*, std::string>> given;
  add_flags<EvaluationSettings>(flags, evaluation_table(), [&](const EvaluationField& field, const std::string& text) {
    EvaluationSettings scratch;  // checks the flags before any file is read
    field.set(scratch, text, field.flag);
    given.emplace_back(&field, text);
  });
  if (!flags.parse(argc, argv)) return false;
  const Gives gives = [&](std::string_view flag) {
    return std::any_of(given.begin(), given.end(), [&](const auto& each) { return each.first->flag == flag; });
  };
  if (gives("--raw")) {
    check_raw(settings, gives);
  } else if (!gives("--weights")) {
    if (settings.run.empty())
      throw UsageError(
          "give the directory of a pretraining run, or a file of weights, or --raw for pixels: lineval RUN_DIR, or "
          "lineval --weights FILE --data SOURCE, or lineval --raw --data SOURCE");
    for (const std::string_view flag : {"--arch", "--normalize"}) {
      if (gives(flag)) throw UsageError(engine::concat(flag, " is for --weights FILE; the network of a run is known"));
    }
    settings.config = config_of_run(settings.run);
  }
  for (const auto& [field, text] : given) field->set(settings, text, field->flag);
  if (gives("--weights")) complete_pretrained(settings, gives);
  settings.other_data = gives("--data");
  if (gives("--knn-temperature") && settings.config.lineval.knn.weights == KnnWeights::uniform)
    throw UsageError("--knn-temperature is for --knn-weights similarity; with uniform every vote counts the same");
  complete(settings, gives("--report"));
  return true;
}

fs::path result_directory(const EvaluationSettings& settings, const std::string& label_set) {
  if (const fs::path out = settings.out; !out.empty()) return settings.label_sets.size() > 1 ? out / label_set : out;
  fs::path part;
  if (settings.tap != Representation::kFeatures) part /= settings.tap;
  if (label_set != data::kClassLabel) part /= label_set;
  const auto within = [&](const fs::path& results) { return part.empty() ? results : results / part; };
  if (settings.raw) return within(fs::path("runs") / ("raw-" + words_of(settings.config.data.source)) / "eval");
  if (settings.run.empty()) {
    fs::path results = fs::path(settings.weights).replace_extension();
    results += "-lineval";
    return within(results);
  }
  fs::path run = fs::absolute(settings.run).lexically_normal();  // an absolute path, since "." has no name
  if (!run.has_filename()) run = run.parent_path();
  return within((settings.random_init ? fs::path(run.string() + "-random-init") : run) / "eval");
}

}  // namespace apps
