// Steps of several ranks against the same steps of one rank, which each rank also takes by itself.
#include <doctest/doctest.h>

#include <optional>

#include "apps/evaluation/features.h"
#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "apps/train/model.h"
#include "apps/train/train_step.h"
#include "kernels/context.h"
#include "tests/apps/configured.h"
#include "tests/apps/memory_source.h"
#include "tests/numeric.h"
#include "tests/ranks/ranks.h"

using namespace apps;

namespace {

constexpr std::int64_t kImages = 120, kBatch = 24;
#if RANKS_ON_GPUS
constexpr std::int64_t kSteps = 2;  // later, rounding may decide on which side of a ReLU a value is
#else
constexpr std::int64_t kSteps = 4;
#endif

Config config_with(tests::Keys keys) {
  Config config;
  tests::configure(config, {{"model.width", "0.25"},
                            {"model.proj_dim", "32"},
                            {"optim.name", "sgd"},
                            {"optim.lr", "0.002"},
                            {"train.batch_size", std::to_string(kBatch)},
                            {"train.steps", std::to_string(kSteps)}});
  tests::configure(config, keys);
  return config;
}

/// A run's steps on the ranks of its context.
class Steps {
 public:
  Steps(const Config& config, engine::Communicator* ranks)
      : context_(kernels::make_context({.device = tests::device(), .threads = 1, .communicator = ranks})),
        model_(make_model(context_, config, source_)),
        optimizer_(make_optimizer(config.optim.update, model_.parameters)),
        step_(model_, *optimizer_),
        status_(
            context_, [](std::int64_t) { return 0.002; }, 0),
        loader_(source_, loader_options(config.data.loader, config.train, 0, context_.communicator())),
        batch_(context_, source_, kBatch / context_.ranks()) {}

  /// The scalars of a step's record.
  std::vector<float> next() {
    {
      const data::Loader::Lease lease = loader_.next();
      batch_.upload(*lease);
    }
    status_.prepare_step();
    step_.run(batch_, status_);
    return status_.collect().back().scalars;
  }
  std::vector<float> gradients() const { return model_.parameters.gradients().to_host<float>(); }
  /// The weights, and those of a momentum encoder.
  std::vector<float> weights() const {
    std::vector<float> all;
    for (const engine::ParameterSet* set : model_.state()) append(all, set->values());
    return all;
  }
  /// The running statistics of all layers, and a queue.
  std::vector<float> statistics() const {
    std::vector<float> all;
    for (const engine::ParameterSet* set : model_.state()) {
      for (std::size_t i = 0; i < set->states().size(); ++i) {
        if (set->states()[i].dtype == engine::Dtype::f32) append(all, set->state(i));
      }
    }
    return all;
  }
  std::vector<float> features(const data::Source& of) const {
    return extract_features(context_, model_.objective->representation(Representation::kFeatures), of)
        .values.to_host<float>();
  }
  std::vector<std::int32_t> labels(const data::Source& of) const {
    return extract_features(context_, model_.objective->representation(Representation::kFeatures), of)
        .targets.at(of.layout().labels[0].name)
        .to_host<std::int32_t>();
  }

 private:
  static void append(std::vector<float>& all, const engine::Tensor& more) {
    const std::vector<float> values = more.to_host<float>();
    all.insert(all.end(), values.begin(), values.end());
  }

  tests::MemorySource source_{kImages, 3};
  engine::Context context_;
  Model model_;
  std::unique_ptr<engine::Optimizer> optimizer_;
  TrainStep step_;
  engine::TrainingStatus status_;
  data::Loader loader_;
  DeviceBatch batch_;
};

/// The same bytes on all ranks?
bool same_everywhere(const std::vector<float>& values) {
  const std::string own(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  for (const std::string& other : tests::ranks().exchange(own)) {
    if (other != own) return false;
  }
  return true;
}

/// `tolerance`: of gradients and statistics in the first step; later steps start from weights that differ.
void check_like_one_rank(const Config& config, double tolerance, std::int64_t steps = kSteps) {
  Steps several(config, &tests::ranks()), one(config, nullptr);
  for (std::int64_t step = 1; step <= steps; ++step) {
    CAPTURE(step);
    const std::vector<float> measured = several.next(), expected = one.next();
    const double allowed = step == 1 ? tolerance : 10 * tolerance;
    CHECK(tests::relative_distance(measured, expected) < allowed);
    CHECK(tests::relative_distance(several.gradients(), one.gradients()) < allowed);
    CHECK(tests::relative_distance(several.statistics(), one.statistics()) < allowed);
    CHECK(tests::relative_distance(several.weights(), one.weights()) < allowed);
    CHECK(same_everywhere(several.weights()));
    CHECK(same_everywhere(several.statistics()));
    CHECK(same_everywhere(measured));
  }
}

}  // namespace

TEST_CASE("training on several ranks: losses, gradients, batch norm and weights are those of one rank") {
  check_like_one_rank(config_with({{"loss.name", "nt-xent"}}), 2e-5);
  check_like_one_rank(config_with({{"loss.name", "decoupled"}, {"loss.lambda", "1"}}), 2e-5);
  check_like_one_rank(config_with({{"loss.name", "cross-view"},
                                   {"model.bn_per_view", "on"},
                                   {"model.probe_views", "first"},
                                   {"model.probe_taps", "conv2,layer1"}}),
                      2e-5);
}

TEST_CASE("training on several ranks: a ResNet, with hard negatives and LARS") {
  check_like_one_rank(config_with({{"model.arch", "resnet18"},
                                   {"loss.hard_negative_beta", "0.5"},
                                   {"loss.debias_tau_plus", "0.1"},
                                   {"optim.name", "lars"}}),
                      5e-5);
}

TEST_CASE("training on several ranks: losses of slices") {
  check_like_one_rank(config_with({{"loss.name", "swd"}}), 5e-3, 2);  // two projections may change places
  check_like_one_rank(config_with({{"loss.name", "sigreg"}, {"loss.slices", "101"}}), 5e-5, 2);
  check_like_one_rank(config_with({{"loss.name", "visreg"}, {"loss.slices", "101"}}), 5e-3, 2);
}

TEST_CASE("training on several ranks: supervised, BYOL and a VAE") {
  check_like_one_rank(config_with({{"objective.name", "supervised"}, {"supervised.label_smoothing", "0.1"}}), 2e-5, 2);
  check_like_one_rank(config_with({{"objective.name", "supervised"}, {"supervised.likelihood", "sigmoid"}}), 2e-5, 1);
  check_like_one_rank(config_with({{"objective.name", "byol"}}), 2e-5, 2);
  check_like_one_rank(config_with({{"objective.name", "vae"}, {"vae.decoder", "mlp"}}), 2e-5, 2);
}

TEST_CASE("training on several ranks: a queue of the keys of all ranks") {
  check_like_one_rank(config_with({{"objective.name", "queue"}, {"queue.size", "48"}}), 2e-5);
  check_like_one_rank(config_with({{"objective.name", "queue"}, {"queue.size", "48"}, {"queue.symmetric", "on"}}), 2e-5,
                      2);
}

TEST_CASE("training on several ranks: groups of a batch have the statistics and the shuffled keys of one rank's") {
  const Config config =
      config_with({{"objective.name", "queue"}, {"queue.size", "48"}, {"queue.batch_norm_groups", "12"}});
  Steps several(config, &tests::ranks()), one(config, nullptr);
  const std::vector<float> measured = several.next(), expected = one.next();
  CHECK(tests::relative_distance(measured, expected) < 2e-5);
  CHECK(tests::relative_distance(several.gradients(), one.gradients()) < 2e-5);
  CHECK(tests::relative_distance(several.weights(), one.weights()) < 2e-5);
}

TEST_CASE("training on several ranks: in bf16") {
  if (!tests::computes_bf16()) return;
  check_like_one_rank(config_with({{"run.precision", "bf16"}}), 2e-2, 1);
}

TEST_CASE("training on several ranks: without shared batch norm each rank has statistics of its own") {
  if (tests::ranks().ranks() == 1) return;
  const Config config = config_with({{"model.sync_bn", "off"}});
  Steps several(config, &tests::ranks()), one(config, nullptr);
  several.next();
  one.next();
  CHECK_FALSE(same_everywhere(several.statistics()));
  CHECK(tests::relative_distance(several.gradients(), one.gradients()) > 1e-2);
  CHECK(same_everywhere(several.weights()));  // each has summed the same gradients
}

TEST_CASE("evaluation on several ranks: each computes a share, and all have the bits of one rank") {
  const Config config = config_with({});
  const Steps several(config, &tests::ranks()), one(config, nullptr);
  for (const std::int64_t images : {3, 500, 1203}) {  // fewer batches than ranks, and an incomplete one
    CAPTURE(images);
    const tests::MemorySource source(images, 3);
    CHECK(several.features(source) == one.features(source));
    CHECK(several.labels(source) == one.labels(source));
  }
}
