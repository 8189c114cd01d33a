#include "engine/autograd.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/ops/elementwise.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/reduce.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;
using tests::random_tensor;

TEST_CASE("autograd: branches that meet again add up") {
  const Context context = kernels::make_context();
  const auto diamond = [](const auto& in) {
    const Tensor top = multiply(in[0], in[0]);
    const Tensor left = scale(top, 2), right = multiply(scale(top, -1), in[1]);  // paths of different length
    return multiply(add(left, right), top);
  };
  tests::check_gradients(diamond, {random_tensor(context, {7}, 1), random_tensor(context, {7}, 2)},
                         {.tolerance = 5e-3});
}

TEST_CASE("autograd: a tensor used many times collects every gradient once") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient();
  Tensor y = x;
  for (int i = 0; i < 10; ++i) y = add(y, y);  // 2^10 paths, 10 nodes
  Tensor z = scale(x, 1);
  for (int i = 0; i < 20; ++i) z = add(z, x);  // 20 uses of one leaf at 20 depths
  backward(sum(add(y, z)));
  CHECK(x.gradient().to_host<float>() == std::vector<float>(3, 1024 + 21));
}

TEST_CASE("autograd: a gradient that several nodes share is not changed by what is added to one of them") {
  const Context context = kernels::make_context();
  const Tensor a = random_tensor(context, {4}, 1).requires_gradient(),
               b = random_tensor(context, {4}, 2).requires_gradient();
  const Tensor c = random_tensor(context, {4}, 3).requires_gradient(),
               dy = Tensor::from<float>(context, {4}, {1, 2, 3, 4});
  // The outer additions run first and pass dy itself to a, b and c. Then scale(a, 3), the node nearest to the leaves,
  // adds to a's gradient.
  backward(add(a, add(b, add(c, scale(scale(a, 3), 1)))), dy);
  CHECK(a.gradient().to_host<float>() == std::vector<float>{4, 8, 12, 16});
  CHECK(b.gradient().to_host<float>() == std::vector<float>{1, 2, 3, 4});
  CHECK(c.gradient().to_host<float>() == std::vector<float>{1, 2, 3, 4});
  CHECK(dy.to_host<float>() == std::vector<float>{1, 2, 3, 4});
}

TEST_CASE("autograd: leaves accumulate over graphs, without changing the gradient that was given") {
  const Context context = kernels::make_context();
  const Tensor a = random_tensor(context, {2}, 1).requires_gradient(),
               b = random_tensor(context, {2}, 2).requires_gradient();
  const Tensor dy = Tensor::from<float>(context, {2}, {1, 2});
  for (int i = 0; i < 3; ++i) backward(add(a, b), dy);
  CHECK(a.gradient().to_host<float>() == std::vector<float>{3, 6});
  CHECK(b.gradient().to_host<float>() == std::vector<float>{3, 6});
  CHECK(dy.to_host<float>() == std::vector<float>{1, 2});
}

TEST_CASE("autograd: detach stops the gradient and shares the buffer") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {3}, {1, 2, 3}).requires_gradient();
  CHECK(View(x.detach()).data == View(x).data);
  backward(sum(multiply(x.detach(), x)));
  CHECK(x.gradient().to_host<float>() == std::vector<float>{1, 2, 3});  // not 2x
  CHECK_FALSE(multiply(x.detach(), x.detach()).wants_gradient());
}

TEST_CASE("autograd: an input that wants no gradient gets none") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient(), constant = random_tensor(context, {3}, 2);
  backward(sum(multiply(constant, x)));
  CHECK(x.gradient().to_host<float>() == constant.to_host<float>());
  CHECK_FALSE(constant.gradient());
}

TEST_CASE("autograd: a node runs only once all that use its output have run, however long the other way is") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient();
  const Tensor shared = scale(x, 2);
  for (const bool long_first : {false, true}) {
    int runs = 0;
    const Tensor counted = with_grad(shared.detach(), {shared}, [&](const Tensor& dy, Grads& d) {
      ++runs;
      d.pass(0, dy);
    });
    Tensor longer = counted;
    for (int i = 0; i < 5; ++i) longer = scale(longer, 1);
    const Tensor y = long_first ? add(longer, counted) : add(counted, longer);
    if (long_first) {
      CHECK_THROWS_WITH_AS(backward(sum(y)),
                           "backward: this graph, or a part of it, has run before and is released; add the losses "
                           "that share it and call backward once",
                           Error);
      CHECK(runs == 0);
    } else {
      backward(sum(y));
      CHECK(runs == 1);
      CHECK(x.gradient().to_host<float>() == std::vector<float>(3, 4));
    }
  }
}

TEST_CASE(
    "autograd: a leaf's gradient is complete after the last use of it, and before the rest of the graph has run") {
  const Context context = kernels::make_context();
  const Tensor first = random_tensor(context, {3}, 1).requires_gradient(),
               second = Tensor::from<float>(context, {3}, {1, 2, 3}).requires_gradient();
  std::vector<std::string> events;
  const auto marked = [&](const Tensor& x, const std::string& event) {
    return with_grad(x.detach(), {x}, [&events, event](const Tensor& dy, Grads& d) {
      events.push_back(event);
      d.pass(0, dy);
    });
  };
  std::vector<float> complete;
  on_complete(second, [&](const Tensor& gradient) {
    events.push_back("complete");
    complete = gradient.to_host<float>();
  });
  const auto loss = [&] {
    const Tensor early = marked(multiply(marked(first, "deep"), second), "early");
    return sum(marked(multiply(early, second), "late"));
  };
  backward(loss());
  CHECK(events == std::vector<std::string>{"late", "early", "complete", "deep"});
  CHECK(complete == second.gradient().to_host<float>());
  const std::vector<float> once = complete;
  backward(loss());  // accumulates, and calls the functions again
  CHECK(events.size() == 8);
  CHECK(complete[1] == doctest::Approx(2 * once[1]));
  backward(sum(first));
  CHECK(events.size() == 8);  // this pass does not reach the leaf
  CHECK_THROWS_WITH_AS(on_complete(scale(first, 2), [](const Tensor&) {}),
                       "on_complete: expected a leaf that collects a gradient, as requires_gradient makes one", Error);
}

TEST_CASE("autograd: a pass that an error ends leaves nothing behind that the next one would count") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient();
  const Tensor y = add(scale(x, 2), with_grad(x.detach(), {x}, [](const Tensor&, Grads&) { throw Error("no room"); }));
  CHECK_THROWS_WITH_AS(backward(sum(y)), "no room", Error);
  int completed = 0;
  on_complete(x, [&](const Tensor&) { ++completed; });
  backward(sum(add(scale(x, 1), x)));
  CHECK(completed == 1);
}

TEST_CASE("autograd: backward releases the graph while the loss is still held") {
  const Context context = kernels::make_context();
  const Pool& pool = context.pool();
  const Tensor x = random_tensor(context, {50, 20}, 1).requires_gradient();
  const std::size_t base = pool.used_bytes();
  const Tensor loss = sum(multiply(l2_normalize(scale(relu(x), 2)), x));
  CHECK(pool.used_bytes() > base + 2 * x.bytes());
  backward(loss);
  CHECK(pool.used_bytes() == base + Pool::size_class(loss.bytes()) + Pool::size_class(x.bytes()));  // and x's gradient
}

TEST_CASE("autograd: a graph that never runs is released with its output") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {50, 20}, 1).requires_gradient();
  const std::size_t base = context.pool().used_bytes();
  { const Tensor loss = sum(multiply(l2_normalize(x), x)); }
  CHECK(context.pool().used_bytes() == base);
}

TEST_CASE("autograd: nothing is kept when nothing wants a gradient") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {50, 20}, 1);
  const std::size_t base = context.pool().used_bytes();
  const Tensor y = l2_normalize(scale(x, 2));
  CHECK_FALSE(y.wants_gradient());
  CHECK(context.pool().used_bytes() == base + Pool::size_class(y.bytes()));
}

TEST_CASE("autograd: backward refuses what it cannot run") {
  const Context context = kernels::make_context();
  const Tensor x = random_tensor(context, {3}, 1).requires_gradient();
  const Tensor y = scale(x, 2), loss = sum(y);
  CHECK_THROWS_WITH_AS(backward(y), "backward: expected a scalar loss, got shape [3]", Error);
  CHECK_THROWS_WITH_AS(backward(y, Tensor::zeros(context, {4})),
                       "backward: the gradient must have the tensor's shape [3], got [4]", Error);
  CHECK_THROWS_WITH_AS(backward(loss.detach()), "backward: nothing in the graph of this tensor wants a gradient",
                       Error);
  CHECK_THROWS_WITH_AS(backward(x, x.detach()), "backward: called on a leaf; call it on what was computed from one",
                       Error);
  const char* again =
      "backward: this graph, or a part of it, has run before and is released; add the losses that "
      "share it and call backward once";
  backward(loss);
  CHECK_THROWS_WITH_AS(backward(loss), again, Error);
  CHECK(x.gradient().to_host<float>() == std::vector<float>(3, 2));
}
