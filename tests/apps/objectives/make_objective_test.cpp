#include "apps/objectives/make_objective.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "tests/apps/objectives/objective_bench.h"
#include "tests/engine/io/message_of.h"

using namespace apps;
using Strings = std::vector<std::string>;

TEST_CASE("make objective: each has the groups that it trains, and state that checkpoints need") {
  const struct {
    const char* name;
    Strings groups;
    std::size_t sets;
  } objectives[] = {
      {"contrastive", {"encoder", "projector", "probe"}, 1},
      {"queue", {"encoder", "projector", "queue", "probe"}, 2},
      {"byol", {"encoder", "projector", "predictor", "probe"}, 2},
      {"supervised", {"encoder", "classifier", "probe"}, 1},
      {"vae", {"encoder", "latent", "decoder", "probe"}, 1},
  };
  for (const auto& [name, groups, sets] : objectives) {
    CAPTURE(name);
    const tests::ObjectiveBench bench({{"objective.name", name}});
    CHECK(bench.model.parameters.groups() == groups);
    CHECK(bench.model.state().size() == sets);
  }
}

TEST_CASE("make objective: the labels to predict must be a set of the source") {
  const auto make = [](const char* labels, int bits) {
    engine::ParameterSet parameters;
    make_objective(parameters, tests::configured({{"objective.name", "supervised"}, {"supervised.labels", labels}}),
                   tests::MemorySource(300, bits));
    return parameters.groups().size();
  };
  CHECK(make("label", 0) == 2);
  CHECK(message_of<UsageError>([&] { make("digit", 0); }) ==
        "supervised.labels must be a label set of test images (label), got 'digit'");
}
