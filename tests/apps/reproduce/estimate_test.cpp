#include "apps/reproduce/estimate.h"

#include <doctest/doctest.h>

#include "apps/reproduce/experiments.h"

using namespace apps;

TEST_CASE("estimate: time grows with the number of runs and with their length, without any data") {
  const Experiment experiment = find_experiment("randbits-mnist");
  Estimator estimator;
  Request request{.out = "out"};
  request.seeds = 1;
  const auto seconds = [&](const std::vector<std::string>& sets) {
    request.layers.set.clear();
    for (const std::string& set : sets) request.layers.set.push_back(read_set(set));
    return estimator.seconds(experiment, request).value();
  };
  const double all = seconds({"run.threads=1", "eval.every=10"});
  CHECK(all > 0);
  // Training and evaluation of the same networks: what was measured of them counts for all.
  const double longer = seconds({"run.threads=1", "eval.every=20", "train.epochs=20"});
  CHECK(longer > 1.5 * all);
  CHECK(longer < 2 * all);
  request.seeds = 2;
  CHECK(seconds({"run.threads=1", "eval.every=10"}) == doctest::Approx(2 * all));
  const std::string text = plan_text(experiment, request, estimator);
  CHECK(text.starts_with("t0.05-bits0-s1 "));
  CHECK(text.find("10 epochs in batches of 1000, mnist:datasets/mnist\n") != text.npos);
  CHECK(text.find("\n30 runs, about ") != text.npos);
}

TEST_CASE("estimate: what --list says of an experiment") {
  Estimator estimator;
  const std::string text = description(find_experiment("randbits-mnist"), estimator);
  CHECK(text.starts_with("randbits-mnist\n  RandBits on MNIST"));
  CHECK(text.find("\n  paper  30 runs, about ") != text.npos);
  CHECK(text.find("; needs MNIST's four idx files: --data mnist:PATH\n") != text.npos);
}
