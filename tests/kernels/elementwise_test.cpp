#include "kernels/elementwise.h"

#include <doctest/doctest.h>

#include <limits>

#include "kernels/context.h"
#include "tests/cases/elementwise.h"
#include "tests/cases/run_on_cpu.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using tests::GuardedTensor;
using tests::random_tensor;

namespace {

struct Operation {
  const char* name;
  bool accumulates;
  void (*run)(const Tensor& a, const Tensor& b, Destination y);
  double (*expected)(double a, double b);
};

const Operation kOperations[] = {
    {"fill", false,
     [](const Tensor& a, const Tensor&, Destination y) { kernels::fill(a.context(), {.value = 0.375f, .y = y.view}); },
     [](double, double) { return 0.375; }},
    {"scale", true,
     [](const Tensor& a, const Tensor&, Destination y) {
       kernels::scale(a.context(), {.x = a, .alpha = -1.5f, .y = y});
     },
     [](double a, double) { return -1.5 * a; }},
    {"add", false,
     [](const Tensor& a, const Tensor& b, Destination y) { kernels::add(a.context(), {.a = a, .b = b, .y = y.view}); },
     [](double a, double b) { return a + b; }},
    {"multiply", true,
     [](const Tensor& a, const Tensor& b, Destination y) { kernels::multiply(a.context(), {.a = a, .b = b, .y = y}); },
     [](double a, double b) { return a * b; }},
    {"broadcast", true,
     [](const Tensor& a, const Tensor&, Destination y) {
       const Tensor scalar = Tensor::from<float>(a.context(), {}, {0.75f});
       kernels::broadcast(a.context(), {.scalar = scalar, .alpha = 3, .y = y});
     },
     [](double, double) { return 2.25; }},
    {"relu_forward", false,
     [](const Tensor& a, const Tensor&, Destination y) { kernels::relu_forward(a.context(), {.x = a, .y = y.view}); },
     [](double a, double) { return a > 0 ? a : 0; }},
    {"relu_backward", true,
     [](const Tensor& a, const Tensor& b, Destination y) {
       kernels::relu_backward(a.context(), {.dy = a, .y = b, .dx = y});
     },
     [](double a, double b) { return b > 0 ? a : 0; }},
};

// Around the vector widths, and above the size at which threads share the work.
constexpr std::int64_t kCounts[] = {0, 1, 7, 16, 33, 1000, 50021};

}  // namespace

TEST_CASE("elementwise kernels: equal the formula, write all of the output and nothing else") {
  const Context context = kernels::make_context();
  for (const Operation& operation : kOperations) {
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      for (const std::int64_t count : kCounts) {
        for (const bool accumulate : {false, true}) {
          if (accumulate && !operation.accumulates) continue;
          CAPTURE(operation.name);
          CAPTURE(name(dtype));
          CAPTURE(count);
          CAPTURE(accumulate);
          const Tensor a = random_tensor(context, {count}, 1, dtype), b = random_tensor(context, {count}, 2, dtype);
          const Tensor before = random_tensor(context, {count}, 3, dtype);
          const GuardedTensor y(before);
          operation.run(a, b, {.view = y, .accumulate = accumulate});

          const auto as = tests::to_floats(a), bs = tests::to_floats(b), ys = tests::to_floats(before);
          std::vector<double> expected;
          for (std::size_t i = 0; i < as.size(); ++i) {
            expected.push_back((accumulate ? ys[i] : 0.0) + operation.expected(as[i], bs[i]));
          }
          tests::expect_close(tests::to_floats(y.checked()), expected, tests::rounding(dtype));
        }
      }
    }
  }
}

TEST_CASE("scale_by and scaled_difference kernels: the definition's elements") {
  tests::run_on_cpu(tests::scale_by_cases(), kernels::scale_by);
  tests::run_on_cpu(tests::scaled_difference_cases(), kernels::scaled_difference);
}

TEST_CASE("relu kernels: NaN passes forward, a zero output has no gradient") {
  const Context context = kernels::make_context();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::from<float>(context, {4}, {kNan, 0, -1, 2}),
               dy = Tensor::from<float>(context, {4}, {5, 6, 7, 8});
  const Tensor y = Tensor::empty(context, {4}), dx = Tensor::empty(context, {4});
  kernels::relu_forward(context, {.x = x, .y = y});
  const std::vector<float> ys = y.to_host<float>();
  CHECK(ys[0] != ys[0]);
  CHECK(std::vector<float>(ys.begin() + 1, ys.end()) == std::vector<float>{0, 0, 2});
  kernels::relu_backward(context, {.dy = dy, .y = Tensor::from<float>(context, {4}, {1, 0, 0, 2}), .dx = {dx}});
  CHECK(dx.to_host<float>() == std::vector<float>{5, 0, 0, 8});
}

TEST_CASE("elementwise kernels: refuse a dtype without arithmetic") {
  const Context context = kernels::make_context();
  const Tensor y = Tensor::empty(context, {3}, Dtype::i32);
  CHECK_THROWS_WITH_AS(kernels::fill(context, {.value = 0, .y = y}), "expected f32 or bf16 elements, got i32", Error);
}
