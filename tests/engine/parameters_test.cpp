#include "engine/parameters.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/scope.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

namespace {

const Initializer kNormal = Initializer::normal(1);

std::vector<float> draw(const Context& context, const std::string& name, std::uint64_t seed,
                        Initializer initializer = kNormal, std::int64_t count = 500) {
  ParameterSet set;
  Scope(set, "encoder").add(name, {count}, ParameterKind::kernel, initializer);
  set.allocate(context, seed);
  return set.value(0).to_host<float>();
}

}  // namespace

TEST_CASE("parameters: are laid out group by group, in the order in which groups and then parameters came") {
  const Context context = kernels::make_context();
  ParameterSet set;
  Scope(set, "encoder").add("b", {33}, ParameterKind::kernel, kNormal);
  Scope(set, "projector").add_state("mean", {2}, 0);
  Scope(set, "probe").add("weight", {10, 3}, ParameterKind::kernel, kNormal);
  Scope(set, "projector").add("weight", {5, 5}, ParameterKind::kernel, kNormal);
  Scope(set, "encoder").add("a", {1}, ParameterKind::bias, kNormal);
  set.allocate(context, 1);

  std::vector<std::string> names;
  for (const ParameterInfo& info : set.parameters()) names.push_back(info.name);
  CHECK(names == std::vector<std::string>{"encoder.b", "encoder.a", "projector.weight", "probe.weight"});
  CHECK(set.groups() == std::vector<std::string>{"encoder", "projector", "probe"});
  CHECK(set.trainable("encoder") == 34);
  CHECK(set.trainable("projector") == 25);
  CHECK(set.trainable("probe") == 30);
}

TEST_CASE("parameters: slices are 128-byte aligned, disjoint, and zero in between") {
  const Context context = kernels::make_context();
  ParameterSet set;
  for (const std::int64_t size : {1, 31, 32, 33, 100}) {
    Scope(set, "encoder").add(concat("p", size), {size}, ParameterKind::kernel, Initializer::constant(1));
  }
  set.allocate(context, 1);

  std::vector<float> expected(static_cast<std::size_t>(set.values().elements()));
  std::int64_t end = 0;
  for (std::size_t i = 0; i < set.parameters().size(); ++i) {
    const auto& [name, shape, kind, part, initializer, offset] = set.parameters()[i];
    CAPTURE(name);
    CHECK(offset % 32 == 0);
    CHECK(offset >= end);
    end = offset + shape.elements();
    CHECK(reinterpret_cast<std::uintptr_t>(View(set.value(i)).data) % 128 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(View(set.gradient(i)).data) % 128 == 0);
    std::fill_n(expected.begin() + offset, shape.elements(), 1.0f);
  }
  CHECK(end <= set.values().elements());
  CHECK(set.values().to_host<float>() == expected);
  CHECK(set.gradients().to_host<float>() == std::vector<float>(expected.size(), 0));
}

TEST_CASE("parameters: draws depend on the name and the seed, not on what else is in the set") {
  const Context context = kernels::make_context();
  ParameterSet set;
  Scope(set, "other").add("weight", {77}, ParameterKind::kernel, kNormal);
  Scope(set, "encoder").add("weight", {50, 10}, ParameterKind::kernel, kNormal);
  set.allocate(context, 7);
  CHECK(set.value(1).to_host<float>() == draw(context, "weight", 7));
  CHECK(draw(context, "weight", 7) != draw(context, "weight", 8));
  CHECK(draw(context, "weight", 7) != draw(context, "weight2", 7));
}

TEST_CASE("parameters: initializers have the spread they promise") {
  const Context context = kernels::make_context();
  const std::vector<float> normal = draw(context, "normal", 1, Initializer::normal(0.01));
  double square = 0;
  for (const float value : normal) square += static_cast<double>(value) * value;
  CHECK(std::sqrt(square / 500) == doctest::Approx(0.01).epsilon(0.1));  // 3 standard errors

  const std::vector<float> glorot = draw(context, "glorot", 1, Initializer::glorot_uniform(40, 20));
  const auto [least, most] = std::minmax_element(glorot.begin(), glorot.end());
  const double half_width = std::sqrt(6.0 / 60);
  CHECK(*least >= -half_width);
  CHECK(*most <= half_width);
  CHECK(*most - *least > 1.95 * half_width);
  CHECK(draw(context, "constant", 1, Initializer::constant(3)) == std::vector<float>(500, 3));
}

TEST_CASE("parameters: the truncated normal has the moments of one, and variance 1 / fan_in") {
  const Context context = kernels::make_context();
  constexpr std::int64_t kCount = 100000, kFanIn = 49;
  const double sigma = 1.13684723 / std::sqrt(static_cast<double>(kFanIn));
  double sums[5] = {};  // sums of the powers of value / sigma
  double most = 0;
  for (const float value : draw(context, "weight", 1, Initializer::lecun_normal(kFanIn), kCount)) {
    for (int power = 1; power <= 4; ++power) sums[power] += std::pow(value / sigma, power) / kCount;
    most = std::max(most, std::abs(value / sigma));
  }
  CHECK(most <= 2);
  CHECK(most > 1.999);
  // Moments of N(0, 1) truncated at +-2: variance 1 - 4 phi(2) / (2 Phi(2) - 1), fourth moment 3 variance - 16 phi(2) /
  // (2 Phi(2) - 1). Tolerances are four standard errors for 100000 draws.
  CHECK(std::abs(sums[1]) < 4 * 0.8796 / std::sqrt(1e5));
  CHECK(std::abs(sums[2] - 0.773741) < 4 * 0.905 / std::sqrt(1e5));
  CHECK(std::abs(sums[3]) < 4 * 1.861 / std::sqrt(1e5));
  CHECK(std::abs(sums[4] - 1.416189) < 4 * 2.782 / std::sqrt(1e5));
  CHECK(sums[2] * sigma * sigma == doctest::Approx(1.0 / kFanIn).epsilon(0.02));
}

TEST_CASE("parameters: the He normal has variance 2 / fan_out") {
  const Context context = kernels::make_context();
  double square = 0;
  for (const float value : draw(context, "weight", 1, Initializer::he_normal(50), 10000)) square += value * value / 1e4;
  CHECK(square == doctest::Approx(0.04).epsilon(0.06));  // 4 standard errors
}

TEST_CASE("parameters: gradients land in the flat buffer, afresh after zero_grad, zero where nothing was written") {
  const Context context = kernels::make_context();
  ParameterSet set;
  const Parameter a = Scope(set, "encoder").add("a", {2}, ParameterKind::kernel, Initializer::constant(3));
  const Parameter b = Scope(set, "encoder").add("b", {2}, ParameterKind::kernel, Initializer::constant(5));
  set.allocate(context, 1);
  const auto gradient = [&](std::size_t i) {
    const std::vector<float> flat = set.gradients().to_host<float>();
    const auto begin = flat.begin() + set.parameters()[i].offset;
    return std::vector<float>(begin, begin + 2);
  };
  const auto product = [&] { return sum(multiply(a.tensor(Mode::train), b.tensor(Mode::train))); };

  set.zero_grad();
  backward(product());
  set.finish_gradients();
  CHECK(gradient(0) == std::vector<float>{5, 5});
  CHECK(gradient(1) == std::vector<float>{3, 3});

  backward(product());  // in the same step: it accumulates
  CHECK(gradient(0) == std::vector<float>{10, 10});

  set.zero_grad();
  backward(sum(add(a.tensor(Mode::train), a.tensor(Mode::train))));  // add passes dy on: the slice must stay
  set.finish_gradients();
  CHECK(gradient(0) == std::vector<float>{2, 2});
  CHECK(gradient(1) == std::vector<float>{0, 0});
}

TEST_CASE("parameters: evaluating builds no graph") {
  const Context context = kernels::make_context();
  ParameterSet set;
  const Parameter a = Scope(set, "encoder").add("a", {2}, ParameterKind::kernel, kNormal);
  set.allocate(context, 1);
  CHECK(a.tensor(Mode::train).wants_gradient());
  CHECK_FALSE(a.tensor(Mode::evaluate).wants_gradient());
  CHECK(View(a.tensor(Mode::evaluate)).data == View(a.tensor(Mode::train)).data);
}

TEST_CASE("parameters: the bf16 shadow rounds the values and shares their f32 gradient") {
  const Context context = kernels::make_context();
  ParameterSet set;
  Scope(set, "encoder").add("first", {33}, ParameterKind::kernel, kNormal);
  const Parameter a = Scope(set, "encoder").add("a", {2, 3}, ParameterKind::kernel, kNormal);
  set.allocate(context, 1, Dtype::bf16);
  const auto rounded = [](std::vector<float> values) {
    for (float& value : values) value = bf16(value);
    return values;
  };
  const Tensor shadow = a.tensor(Mode::train, Dtype::bf16);
  CHECK(shadow.dtype() == Dtype::bf16);
  CHECK(shadow.shape() == Shape{2, 3});
  CHECK(tests::to_floats(shadow) == rounded(set.value(1).to_host<float>()));
  CHECK_FALSE(a.tensor(Mode::evaluate, Dtype::bf16).wants_gradient());
  CHECK(View(shadow.gradient()).data == View(set.gradient(1)).data);
  CHECK(shadow.gradient().dtype() == Dtype::f32);

  set.value(1).upload<float>(std::vector<float>{1.001f, 2, 3, 4, 5, -6.07f});
  CHECK(tests::to_floats(shadow)[5] != -6.0625f);
  set.refresh_shadow();
  CHECK(tests::to_floats(shadow) == std::vector<float>{1, 2, 3, 4, 5, -6.0625f});
  CHECK(tests::to_floats(set.shadow()) == rounded(set.values().to_host<float>()));
}

TEST_CASE("parameters: without a shadow nothing is kept in bf16") {
  const Context context = kernels::make_context();
  ParameterSet set;
  const Parameter a = Scope(set, "encoder").add("a", {2}, ParameterKind::kernel, kNormal);
  set.allocate(context, 1);
  CHECK_FALSE(set.shadow());
  CHECK_THROWS_WITH_AS(a.tensor(Mode::train, Dtype::bf16),
                       "parameters: 'encoder.a' is not kept in bf16; allocate the set for layers that compute in it",
                       Error);
}

TEST_CASE("parameters: states start at their initial value, ordered like the parameters") {
  const Context context = kernels::make_context();
  ParameterSet set;
  Scope(set, "encoder").add("weight", {1}, ParameterKind::kernel, kNormal);
  const State counter = Scope(set, "projector").add_state("counter", {}, 0, Dtype::i32);
  const State variance = Scope(set, "encoder").add_state("running_var", {33}, 1);
  set.allocate(context, 1);
  CHECK(set.states()[0].name == "encoder.running_var");
  CHECK(variance.tensor().to_host<float>() == std::vector<float>(33, 1));
  CHECK(counter.tensor().to_host<std::int32_t>() == std::vector<std::int32_t>{0});
  for (const StateInfo& info : set.states()) CHECK(info.offset_bytes % 128 == 0);
  CHECK_FALSE(variance.tensor().wants_gradient());
}

TEST_CASE("parameters: nothing can be added once the buffers are laid out") {
  const Context context = kernels::make_context();
  ParameterSet set;
  Scope(set, "encoder").add("a", {2}, ParameterKind::kernel, kNormal);
  set.allocate(context, 1);
  CHECK_THROWS_WITH_AS(Scope(set, "encoder").add("late", {2}, ParameterKind::kernel, kNormal),
                       "parameters: 'encoder.late' was added after the buffers were allocated", Error);
  CHECK_THROWS_AS(Scope(set, "encoder").add_state("late", {2}, 0), Error);
}

TEST_CASE("parameters: a copy has the values and states of the first layers, and trains without a graph") {
  const Context context = kernels::make_context();
  for (const Dtype layers : {Dtype::f32, Dtype::bf16}) {
    ParameterSet set, copy;
    const auto add = [](ParameterSet& to) {
      const Parameter weight = Scope(to, "encoder").add("weight", {3, 5}, ParameterKind::kernel, kNormal);
      Scope(to, "encoder").add_state("mean", {7}, 2);
      Scope(to, "encoder").add_state("batches", {}, 0, Dtype::i64);
      return weight;
    };
    add(set);
    Scope(set, "probe").add("weight", {2, 2}, ParameterKind::kernel, kNormal);
    Scope(set, "probe").add_state("mean", {2}, 4);
    const Parameter copied = add(copy);
    set.allocate(context, 1, layers);
    set.state(0).upload<float>(std::vector<float>{1, 2, 3, 4, 5, 6, 7});
    copy.allocate_as_copy(set);
    CHECK(copy.value(0).to_host<float>() == set.value(0).to_host<float>());
    CHECK(copy.state(0).to_host<float>() == set.state(0).to_host<float>());
    CHECK(copy.values().elements() == 32);
    CHECK_FALSE(copied.tensor(Mode::train).wants_gradient());
    if (layers == Dtype::bf16) CHECK(copied.tensor(Mode::train, Dtype::bf16).dtype() == Dtype::bf16);
    copy.value(0).upload<float>(std::vector<float>(15, 1));
    CHECK(copy.value(0).to_host<float>() != set.value(0).to_host<float>());  // memory of its own
  }
}

TEST_CASE("parameters: a copy of other layers is refused") {
  const Context context = kernels::make_context();
  ParameterSet set, larger, other;
  Scope(set, "encoder").add("weight", {3, 5}, ParameterKind::kernel, kNormal);
  Scope(larger, "encoder").add("weight", {3, 5}, ParameterKind::kernel, kNormal);
  Scope(larger, "probe").add("weight", {3, 5}, ParameterKind::kernel, kNormal);
  Scope(other, "encoder").add("weight", {5, 3}, ParameterKind::kernel, kNormal);
  set.allocate(context, 1);
  for (ParameterSet* copy : {&larger, &other})
    CHECK_THROWS_WITH_AS(copy->allocate_as_copy(set),
                         "parameters: a copy must have the first layers of the other set, in their order", Error);
}
