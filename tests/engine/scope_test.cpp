#include "engine/scope.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

namespace {

const Initializer kNormal = Initializer::normal(1);

}  // namespace

TEST_CASE("scope: names are the path to a tensor, and the group is where it began") {
  const Context context = kernels::make_context();
  ParameterSet set;
  const Scope block = Scope(set, "encoder") / "layer1" / "0";
  CHECK(block.name() == "encoder.layer1.0");
  block.add("weight", {2, 3}, ParameterKind::gamma, Initializer::constant(4));
  (block / "bn").add_state("mean", {5}, 6);
  Scope(set, "probe.digit").add("bias", {1}, ParameterKind::bias, kNormal);
  set.allocate(context, 1);
  REQUIRE(set.parameters().size() == 2);
  const ParameterInfo& weight = set.parameters()[0];
  CHECK(weight.name == "encoder.layer1.0.weight");
  CHECK(weight.group == "encoder");
  CHECK(weight.shape == Shape{2, 3});
  CHECK(weight.kind == ParameterKind::gamma);
  CHECK(set.value(0).to_host<float>() == std::vector<float>(6, 4));
  CHECK(set.parameters()[1].name == "probe.digit.bias");
  CHECK(set.parameters()[1].group == "probe.digit");
  REQUIRE(set.states().size() == 1);
  CHECK(set.states()[0].name == "encoder.layer1.0.bn.mean");
  CHECK(set.states()[0].group == "encoder");
  CHECK(set.state(0).to_host<float>() == std::vector<float>(5, 6));
}

TEST_CASE("scope: however the path is cut, a tensor starts with the values of its name") {
  const Context context = kernels::make_context();
  const auto start = [&](const auto& add) {
    ParameterSet set;
    add(set);
    set.allocate(context, 1);
    return set.value(0).to_host<float>();
  };
  const auto cut =
      start([](ParameterSet& set) { (Scope(set, "a") / "b").add("c", {9}, ParameterKind::kernel, kNormal); });
  CHECK(cut == start([](ParameterSet& set) { Scope(set, "a").add("b.c", {9}, ParameterKind::kernel, kNormal); }));
  CHECK(cut != start([](ParameterSet& set) { Scope(set, "a").add("c", {9}, ParameterKind::kernel, kNormal); }));
}

TEST_CASE("scope: a name is given once, to a parameter or to a state") {
  ParameterSet set;
  const Scope scope(set, "encoder");
  scope.add("weight", {2}, ParameterKind::kernel, kNormal);
  scope.add_state("mean", {2}, 0);
  const char* twice = "parameters: there are two named 'encoder.weight'; give every layer a scope of its own";
  CHECK_THROWS_WITH_AS(scope.add("weight", {2}, ParameterKind::kernel, kNormal), twice, Error);
  CHECK_THROWS_WITH_AS(scope.add_state("weight", {2}, 0), twice, Error);
  CHECK_THROWS_AS(scope.add_state("mean", {2}, 0), Error);
  CHECK_THROWS_AS(scope.add("mean", {2}, ParameterKind::kernel, kNormal), Error);
}

TEST_CASE("scope: two parameters whose names have one hash are refused, as they would start with the same values") {
  const Context context = kernels::make_context();
  const auto draw = [&](const char* name) {
    ParameterSet set;
    Scope(set, "encoder").add(name, {50}, ParameterKind::kernel, kNormal);
    set.allocate(context, 1);
    return set.value(0).to_host<float>();
  };
  REQUIRE(draw("w485") == draw("w1010"));  // two names with the same hash, found by a search
  ParameterSet set;
  const Scope scope(set, "encoder");
  scope.add("w485", {50}, ParameterKind::kernel, kNormal);
  CHECK_THROWS_WITH_AS(scope.add("w1010", {50}, ParameterKind::kernel, kNormal),
                       "parameters: 'encoder.w485' and 'encoder.w1010' have one hash, by which initial values are "
                       "drawn, and would start alike; rename one of them",
                       Error);
  CHECK_NOTHROW(scope.add_state("w1010.mean", {50}, 0));
}
