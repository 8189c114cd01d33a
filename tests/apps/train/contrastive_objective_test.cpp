#include "apps/train/contrastive_objective.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/input/run_data.h"
#include "engine/autograd.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"

using namespace apps;

namespace {

constexpr std::int64_t kBatch = 64;

/// One forward and backward pass of a fresh network on a batch of the drawn digits.
struct Pass {
  Pass(const engine::Context& context, const Config& config) : network(context, config, source) {
    DeviceBatch batch(context, source, kBatch);
    batch.upload(read_examples(source, 0, kBatch));
    network.parameters.zero_grad();
    outcome = contrastive_objective(config, network, batch);
    engine::backward(outcome.total);
    network.parameters.finish_gradients();
  }
  std::vector<float> gradient(std::string_view group) const {
    std::vector<float> all;
    for (std::size_t i = 0; i < network.parameters.parameters().size(); ++i) {
      if (network.parameters.parameters()[i].group != group) continue;
      const std::vector<float> values = network.parameters.gradient(i).to_host<float>();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  tests::MemorySource source{kBatch};
  Network network;
  ObjectiveOutcome outcome;
};

Config high_temperature() {
  Config config;
  config.loss.temperature = 50;  // all candidates look alike, so that the loss is that of a guess
  return config;
}

bool all_zero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
}

}  // namespace

TEST_CASE("contrastive objective: without any preference, each direction costs the log of its candidates") {
  const engine::Context context = kernels::make_context();
  Config config = high_temperature();
  config.loss.name = "cross-view";
  const double n = kBatch;
  CHECK(Pass(context, config).outcome.loss.item() == doctest::Approx(2 * std::log(n)).epsilon(0.01));
  config.loss.name = "nt-xent";
  CHECK(Pass(context, config).outcome.loss.item() == doctest::Approx(2 * std::log(2 * n - 1)).epsilon(0.01));
}

TEST_CASE(
    "contrastive objective: the total is the contrastive loss and the probe's, of which the former has two terms") {
  const engine::Context context = kernels::make_context();
  const ObjectiveOutcome outcome = Pass(context, Config{}).outcome;
  CHECK(outcome.loss.item() == doctest::Approx(outcome.alignment.item() + outcome.distribution.item()).epsilon(1e-4));
  const double probe = outcome.total.item() - outcome.loss.item();
  CHECK(probe > 0.5 * std::log(10.0));  // ten classes, nothing learnt
  CHECK(probe < 2.5 * std::log(10.0));
  CHECK(outcome.probe_accuracy.item() <= 0.5);
}

TEST_CASE("contrastive objective: the probe learns beside the encoder and never through it") {
  const engine::Context context = kernels::make_context();
  Config both, first;
  both.model.probe_views = "both";
  first.model.probe_views = "first";
  const Pass with_both(context, both), with_first(context, first);
  CHECK_FALSE(all_zero(with_both.gradient("probe")));
  CHECK(with_both.gradient("probe") != with_first.gradient("probe"));
  CHECK(with_both.gradient("encoder") == with_first.gradient("encoder"));
  CHECK(with_both.gradient("projector") == with_first.gradient("projector"));
  CHECK(with_both.outcome.loss.item() == with_first.outcome.loss.item());
}

TEST_CASE("contrastive objective: statistics per view are not those of both views together") {
  const engine::Context context = kernels::make_context();
  Config joint, per_view;
  per_view.model.bn_per_view = true;
  const Pass together(context, joint), apart(context, per_view);
  CHECK(together.outcome.loss.item() != apart.outcome.loss.item());
  CHECK(together.outcome.loss.item() == doctest::Approx(apart.outcome.loss.item()).epsilon(0.2));  // the same task
  const auto updates = [](const Pass& pass) {
    const auto& states = pass.network.parameters.states();
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].name == "encoder.bn1.num_batches_tracked") {
        return pass.network.parameters.state(i).to_host<std::int32_t>()[0];
      }
    }
    return -1;
  };
  CHECK(updates(together) == 1);
  CHECK(updates(apart) == 2);
}

TEST_CASE("contrastive objective: every parameter of encoder and head gets a gradient, the same each time") {
  const engine::Context context = kernels::make_context();
  for (const char* loss : {"nt-xent", "cross-view"}) {
    Config config;
    config.loss.name = loss;
    const Pass pass(context, config), again(context, config);
    for (std::size_t i = 0; i < pass.network.parameters.parameters().size(); ++i) {
      CAPTURE(pass.network.parameters.parameters()[i].name);
      CHECK_FALSE(all_zero(pass.network.parameters.gradient(i).to_host<float>()));
      CHECK(pass.network.parameters.gradient(i).to_host<float>() ==
            again.network.parameters.gradient(i).to_host<float>());
    }
  }
}
