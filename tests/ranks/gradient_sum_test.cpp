// Gradients that are summed bucket by bucket, beside a backward pass.
#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/gradient_sum.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/scope.h"
#include "kernels/collectives.h"
#include "kernels/context.h"
#include "tests/numeric.h"
#include "tests/ranks/ranks.h"

using engine::Context;
using engine::Dtype;
using engine::Tensor;

namespace {

constexpr std::int64_t kSizes[] = {70, 3, 1'000'003, 5, 40};
constexpr std::size_t kUnused = 3;  // no gradient reaches it

/// Parameters whose gradient differs from rank to rank.
struct Layers {
  engine::ParameterSet set;
  std::vector<engine::Parameter> parameters;

  explicit Layers(const Context& context) {
    const engine::Scope scope(set, "encoder");
    for (std::size_t i = 0; i < std::size(kSizes); ++i)
      parameters.push_back(scope.add(engine::concat("p", i), {kSizes[i]}, engine::ParameterKind::kernel,
                                     engine::Initializer::normal(1)));
    set.allocate(context, 1);
  }
  void run_backward(int rank) {
    set.zero_grad();
    Tensor loss;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (i == kUnused) continue;
      const Tensor x = parameters[i].tensor(engine::Mode::train);
      const Tensor weights = tests::random_tensor(x.context(), x.shape(), 10 * static_cast<std::uint64_t>(rank) + i);
      const Tensor term = engine::sum(engine::multiply(x, weights));
      loss = loss ? engine::add(loss, term) : term;
    }
    engine::backward(loss);
    set.finish_gradients();
  }
};

}  // namespace

TEST_CASE("gradient_sum: the bytes of one sum after the pass, whatever the buckets") {
  engine::Communicator& ranks = tests::ranks();
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  Layers plain(context);
  plain.run_backward(ranks.rank());
  ranks.all_reduce(plain.set.gradients());
  const std::vector<float> expected = plain.set.gradients().to_host<float>();
  for (const std::int64_t bucket_bytes : {0, 1, 200, 1 << 20}) {
    CAPTURE(bucket_bytes);
    Layers layers(context);
    engine::GradientSum sum(layers.set, {.bucket_bytes = bucket_bytes});
    for (int step = 0; step < 2; ++step) {
      sum.begin();
      layers.run_backward(ranks.rank());
      sum.finish();
      CHECK(layers.set.gradients().to_host<float>() == expected);
    }
  }
}

TEST_CASE("gradient_sum: buckets begin before the backward pass has ended") {
  engine::Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  Layers layers(context);
  engine::GradientSum sum(layers.set, {.bucket_bytes = 1});
  context.profiler().enable(true);
  sum.begin();
  layers.run_backward(ranks.rank());
  const auto begun = context.profiler().entries().at("begin_all_reduce").calls;
  CHECK(begun == static_cast<std::int64_t>(std::size(kSizes)) - 1);
  sum.finish();  // and that which no gradient reached
  CHECK(context.profiler().entries().at("begin_all_reduce").calls == begun + 1);
  CHECK(context.profiler().entries().at("finish_all_reduces").calls == 1);
  CHECK(context.profiler().entries().contains("all_reduce_hidden"));
}

TEST_CASE("gradient_sum: sent as bf16, the sums of rounded gradients, rounded once") {
  engine::Communicator& ranks = tests::ranks();
  if (ranks.ranks() == 1) return;  // nothing is sent
  const Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  Layers layers(context);
  engine::GradientSum sum(layers.set, {.bucket_bytes = 500, .sent_as = Dtype::bf16});
  sum.begin();
  layers.run_backward(ranks.rank());
  sum.finish();
  std::vector<float> expected;
  for (int rank = 0; rank < ranks.ranks(); ++rank) {
    Layers other(context);
    other.run_backward(rank);
    const std::vector<float> own = other.set.gradients().to_host<float>();
    expected.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) expected[i] += static_cast<float>(engine::bf16(own[i]));
  }
  for (float& value : expected) value = static_cast<float>(engine::bf16(value));
  CHECK(layers.set.gradients().to_host<float>() == expected);
}
