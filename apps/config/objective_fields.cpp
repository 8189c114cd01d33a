#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> objective_fields() {
  const Condition supervised = when("objective.name", {"supervised"}), queue = when("objective.name", {"queue"}),
                  byol = when("objective.name", {"byol"}), vae = when("objective.name", {"vae"}),
                  with_momentum = when("objective.name", {"queue", "byol"});
  return {
      {FIELD(objective.name), .flag = "--objective", .help = "what the encoder learns from: docs/objectives.md"},
      {FIELD(supervised.labels), .help = "the data's set of labels to predict", .only_with = supervised},
      {FIELD(supervised.likelihood),
       .help = "softmax: the share of each class among an image's labels; sigmoid: for each class, whether the image "
               "has it",
       .only_with = supervised},
      {FIELD(supervised.label_smoothing), .help = "share of the targets that is spread over all classes",
       .range = {.min = 0, .max = 1, .max_excluded = true},
       .only_with = supervised && when("supervised.likelihood", {"softmax"})},
      {FIELD(momentum_encoder.momentum),
       .help = "m of the key or target network: after every step its weights are m * its own + (1 - m) * the trained",
       .range = between(0, 1), .only_with = with_momentum},
      {FIELD(momentum_encoder.schedule), .help = "cosine: from momentum to 1 over the training",
       .only_with = with_momentum},
      {FIELD(queue.size), .help = "earlier keys to compare with; a multiple of the batch size",
       .range = between(1, kLargestQueue), .only_with = queue},
      {FIELD(queue.symmetric), .help = "both views are queries, and each has a queue of the other view's keys",
       .only_with = queue},
      {FIELD(queue.batch_norm_groups),
       .help = "parts of a batch with batch statistics of their own, as on so many GPUs", .range = between(1, 1024),
       .only_with = queue},
      {FIELD(queue.shuffle),
       .help =
           "the key encoder sees the batch in a random order, so that batch_norm_groups do not tell which key is an "
           "image's own; with one group there is nothing to tell, and no shuffle",
       .only_with = queue},
      {FIELD(byol.predictor_hidden), .help = "width of the predictor's hidden layer; 0: the projection head's",
       .range = between(0, kMostDimensions), .only_with = byol},
      {FIELD(vae.beta), .help = "weight of the latent variables' divergence from N(0, 1) against the reconstruction",
       .range = float_or_zero(), .only_with = vae},
      {FIELD(vae.latent), .help = "latent variables", .range = between(1, kMostDimensions), .only_with = vae},
      {FIELD(vae.decoder),
       .help = "convolutional: an encoder backwards; mlp: three linear layers, which learn constant planes at once",
       .only_with = vae},
      {FIELD(vae.hidden), .help = "units of the mlp's two hidden layers", .range = between(1, kMostDimensions),
       .only_with = vae && when("vae.decoder", {"mlp"})},
  };
}

}  // namespace apps
