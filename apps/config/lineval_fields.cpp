#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {
namespace {

constexpr std::int64_t kMostNeighbours = 10'000;  // limit of the CUDA kernel

}  // namespace

std::vector<ConfigField> lineval_fields() {
  return {
      {FIELD(lineval.learning_rates),
       .help = "the grid of `lineval`'s learning rates; each is scaled by batch size / 256", .range = positive_float(),
       .on_resume = OnResume::change},
      {FIELD(lineval.epochs), .help = "passes of `lineval` over the training set", .range = between(1, kMostEpochs),
       .on_resume = OnResume::change},
      {FIELD(lineval.batch_size), .help = "of `lineval`'s classifiers", .range = between(1, kLargestBatch),
       .on_resume = OnResume::change},
      {FIELD(lineval.holdout), .help = "fraction of the training set that chooses among the learning rates",
       .range = {.min = 0, .max = 1, .min_excluded = true, .max_excluded = true}, .on_resume = OnResume::change},
      {FIELD(lineval.redraw),
       .help = "on: each epoch of `lineval` shows training images as drawn anew, where the data draw at every visit",
       .on_resume = OnResume::change},
      {FIELD(lineval.standardize),
       .help = "on: `lineval` trains a second grid of classifiers, on features less their mean and divided by their "
               "standard deviation over the training set",
       .on_resume = OnResume::change},
      {.key = "lineval.knn",
       .value = MEMBER(lineval.knn.k),
       .help = "nearest neighbours that vote",
       .range = between(1, kMostNeighbours),
       .on_resume = OnResume::change},
      {.key = "lineval.knn_metric",
       .value = MEMBER(lineval.knn.metric),
       .help = "what is near: the cosine of two features' angle, or the Euclidean distance between them as they are",
       .on_resume = OnResume::change},
      {.key = "lineval.knn_weights",
       .value = MEMBER(lineval.knn.weights),
       .help = "a neighbour's vote counts exp(similarity / temperature), or as much as any other",
       .on_resume = OnResume::change},
      {.key = "lineval.knn_temperature",
       .value = MEMBER(lineval.knn.temperature),
       .help = "divides the similarity: the cosine, or minus the squared Euclidean distance",
       .range = positive_float(),
       .on_resume = OnResume::change,
       .only_with = when("lineval.knn_weights", {"similarity"})},
      {FIELD(lineval.precision), .help = "of the encoder while `lineval` evaluates it, whatever it was trained in",
       .on_resume = OnResume::change},
      {FIELD(lineval.seed), .help = "of the held-out part, the shuffles and the untrained network",
       .range = at_least(0), .on_resume = OnResume::change},
  };
}

}  // namespace apps
