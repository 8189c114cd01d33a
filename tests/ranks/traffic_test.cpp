// What a training step hands to the other ranks, against the table of docs/distributed.md.
#include <doctest/doctest.h>

#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/model.h"
#include "apps/train/train_step.h"
#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"
#include "tests/ranks/counted_ranks.h"
#include "tests/ranks/ranks.h"

using namespace apps;

namespace {

constexpr std::int64_t kBatch = 24, kDim = 32, kFloat = 4, kDouble = 8;

struct Traffic {
  std::int64_t gathered = 0, summed = 0, scattered = 0;
};

struct Step {
  Traffic measured;
  std::int64_t parameters = 0, channels = 0;  // of the flat buffer of gradients; of all batch norms together
};

Step one_step(tests::Keys keys, engine::Dtype sent_gradients = engine::Dtype::f32) {
  const tests::MemorySource source(2 * kBatch, 3);
  Config config;
  tests::configure(config, {{"model.width", "0.25"},
                            {"model.proj_dim", std::to_string(kDim)},
                            {"optim.name", "sgd"},
                            {"train.batch_size", std::to_string(kBatch)}});
  tests::configure(config, keys);
  tests::CountedRanks ranks(tests::ranks());
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  Model model = make_model(context, config, source);
  const auto optimizer = make_optimizer(config.optim.update, model.parameters);
  TrainStep step(model, *optimizer, {.sent_as = sent_gradients});
  engine::TrainingStatus status(
      context, [](std::int64_t) { return 0.002; }, 0);
  DeviceBatch batch(context, source, kBatch / context.ranks());
  batch.upload(first_examples(source, kBatch / context.ranks()));
  status.prepare_step();

  ranks.reset();
  step.run(batch, status);
  CHECK(ranks.other_bytes() == 0);
  Step result{.measured = {.gathered = ranks.gathered_bytes(),
                           .summed = ranks.summed_bytes(),
                           .scattered = ranks.scattered_bytes()},
              .parameters = model.parameters.gradients().elements()};
  for (const engine::ParameterInfo& parameter : model.parameters.parameters()) {
    if (parameter.kind == engine::ParameterKind::gamma) result.channels += parameter.shape.elements();
  }
  return result;
}

/// `norms`: batch norm's calls per layer; `scalars`: what is averaged besides the loss; `per_anchor`: gathered numbers.
Traffic expected(const Step& step, std::int64_t norms, std::int64_t scalars, std::int64_t per_anchor = 1) {
  const std::int64_t rows = 2 * kBatch / tests::ranks().ranks();
  return {.gathered = norms * 3 * step.channels * kDouble + rows * kDim * kFloat + rows * per_anchor * kFloat,
          .summed = step.parameters * kFloat + norms * 2 * step.channels * kFloat + (4 + scalars) * kFloat};
}

void check(const Step& step, const Traffic& traffic) {
  if (tests::ranks().ranks() == 1) {
    CHECK(step.measured.gathered == 0);
    CHECK(step.measured.summed == 0);
    CHECK(step.measured.scattered == 0);
    return;
  }
  CHECK(step.measured.gathered == traffic.gathered);
  CHECK(step.measured.summed == traffic.summed);
  CHECK(step.measured.scattered == traffic.scattered);
}

}  // namespace

TEST_CASE("traffic of several ranks: a step sends what docs/distributed.md says") {
  constexpr std::int64_t kProbe = 2;  // its loss and its accuracy
  Step step = one_step({{"loss.name", "nt-xent"}});
  CHECK(step.channels > 0);
  check(step, expected(step, 1, kProbe));
  step = one_step({{"model.arch", "resnet18"}, {"model.probe_taps", "group2"}});
  check(step, expected(step, 1, 2 * kProbe));
  step = one_step({{"loss.name", "cross-view"}, {"model.bn_per_view", "on"}});
  check(step, expected(step, 2, kProbe));
  step = one_step({{"loss.hard_negative_beta", "0.5"}});
  check(step, expected(step, 1, kProbe, 2));
  step = one_step({{"loss.name", "decoupled"}, {"loss.lambda", "1"}});
  check(step, expected(step, 1, kProbe + 1));
  step = one_step({{"loss.name", "swd"}});
  const std::int64_t scores = 2;  // alignment and distribution, instead of the four sums and the log-sum-exps
  Traffic of_slices = expected(step, 1, scores + kProbe - 4, 0);
  of_slices.scattered = 2 * kBatch * kDim * kFloat;
  check(step, of_slices);
  step = one_step({}, engine::Dtype::bf16);
  Traffic rounded = expected(step, 1, kProbe);
  rounded.summed -= 2 * step.parameters;
  check(step, rounded);
  step = one_step({{"model.sync_bn", "off"}});
  check(step, expected(step, 0, kProbe));
}
