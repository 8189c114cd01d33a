#include "apps/train/online_probe.h"

#include <doctest/doctest.h>

#include "apps/input/run_data.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

constexpr std::int64_t kRows = 6, kChannels = 4, kClasses = 10;

/// Two views of a batch, and a probe on them.
struct Bench {
  Bench() {
    head.emplace(engine::Scope(parameters, "probe"), kChannels, kClasses, engine::Initializer::normal(0.5));
    parameters.allocate(context, 1);
    batch.upload(first_examples(source, kRows));
    tapped = {{.tap = "other", .views = {}},
              {.tap = "features",
               .views = {tests::random_tensor(context, {kRows, kChannels}, 1),
                         tests::random_tensor(context, {kRows, kChannels}, 2)}}};
  }
  float loss_of_view(std::size_t view) const {
    return engine::softmax_cross_entropy(head->forward(tapped[1].views[view], engine::Mode::train), batch.labels())
        .loss.item();
  }

  engine::Context context = kernels::make_context();
  tests::MemorySource source{kRows};
  DeviceBatch batch{context, source, kRows};
  engine::ParameterSet parameters;
  std::optional<models::ProbeHead> head;
  std::vector<Tapped> tapped;
};

}  // namespace

TEST_CASE("online probe: its loss is the mean over the views that it trains on") {
  const Bench bench;
  const OnlineProbe both({}, *bench.head), first({.views = 1}, *bench.head), many({.views = 9}, *bench.head);
  const float one = bench.loss_of_view(0), two = bench.loss_of_view(1);
  CHECK(one != two);
  CHECK(first.forward(bench.tapped, bench.batch).loss.item() == one);
  CHECK(both.forward(bench.tapped, bench.batch).loss.item() == doctest::Approx((one + two) / 2).epsilon(1e-6));
  CHECK(many.forward(bench.tapped, bench.batch).loss.item() == both.forward(bench.tapped, bench.batch).loss.item());
}

TEST_CASE("online probe: its scalar has its name") {
  const Bench bench;
  const OnlineProbe probe({.name = "probe.digit"}, *bench.head);
  const NamedScalar accuracy = probe.forward(bench.tapped, bench.batch).accuracy;
  CHECK(accuracy.scalar.name == "probe_digit_acc");
  CHECK(accuracy.value.item() >= 0);
  CHECK(accuracy.value.item() <= 1);
}

TEST_CASE("online probe: its name says what it sees and what it tells, unless that is the usual") {
  CHECK(online_probe_name("features", "digit", "digit") == "probe");
  CHECK(online_probe_name("group3", "digit", "digit") == "probe.group3");
  CHECK(online_probe_name("group3", "bits", "digit") == "probe.group3.bits");
  CHECK(online_accuracy_name("probe.group3.bits") == "probe_group3_bits_acc");
}

TEST_CASE("online probe: what it looks at, or has to tell, must be there") {
  const Bench bench;
  const auto refused = [&](const OnlineProbe::Options& options, const char* message) {
    CHECK_THROWS_WITH_AS(OnlineProbe(options, *bench.head).forward(bench.tapped, bench.batch), message, engine::Error);
  };
  refused({.tap = "group9"}, "online probe 'probe': the objective shows no 'group9'");
  refused({.label_set = "digit"}, "batch: the data have no labels 'digit'");
}
