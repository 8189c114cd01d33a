#include "apps/config/fields.h"
#include "apps/config/ranges.h"

namespace apps {

std::vector<ConfigField> train_fields() {
  const Condition epochs = when("train.steps", {"0"});
  return {
      {FIELD(train.batch_size), .flag = "--batch-size", .help = "images per step, each seen in two views",
       .range = between(2, kLargestBatch)},
      {FIELD(train.epochs), .flag = "--epochs", .help = "passes over the data; replaces steps",
       .range = between(0, kMostEpochs), .on_resume = OnResume::grow},
      {FIELD(train.steps), .flag = "--steps", .help = "optimizer steps; replaces epochs",
       .range = between(0, kMostSteps), .on_resume = OnResume::grow},
      {FIELD(train.steps_from_epochs),
       .help = "whole-batches: epochs * (images // batch_size); simclr: images * epochs // batch_size + 1",
       .only_with = epochs},
      {FIELD(train.fill_last_batch),
       .help = "images that do not fill a batch at the end of an epoch: on fills it with the epoch's first images, off "
               "leaves them out"},
      {FIELD(train.seed), .flag = "--seed", .help = "seed of all random numbers", .range = at_least(0)},
  };
}

}  // namespace apps
