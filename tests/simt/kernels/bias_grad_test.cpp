#include <doctest/doctest.h>

#include <cmath>

#include "kernels/linear.h"
#include "tests/numeric.h"
#include "tests/simt/kernels/twin.h"

using namespace kernels;
using tests::on_both;
using tests::random_values;
using tests::Side;
using tests::Start;
using tests::Twin;

TEST_CASE("cuda bias_grad adds up columns as the CPU does") {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{0, 5},   {1, 1},    {1, 8},    {9001, 1}, {257, 3},
                                                          {37, 24}, {129, 64}, {70, 264}, {33, 515}, {131, 2051}};
  for (const auto& [n, k] : shapes) {
    for (const Start start : {Start::aligned, Start::skewed}) {
      for (const bool accumulate : {false, true}) {
        CAPTURE(n);
        CAPTURE(k);
        CAPTURE(static_cast<int>(start));
        CAPTURE(accumulate);
        const Twin dy({n, k}, random_values(n * k, 1), Dtype::f32, start), dbias({k}, random_values(k, 2));
        on_both(cpu::bias_grad, cuda::bias_grad, [&](Side on) {
          return BiasGrad{.dy = on(dy), .dbias = {on(dbias), accumulate}};
        });
        dbias.expect_close(4 * std::sqrt(static_cast<double>(n + 1)) * tests::rounding(Dtype::f32));
      }
    }
  }
}

TEST_CASE("cuda bias_grad takes bf16, and sums it in f32") {
  for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{300, 24}, {129, 7}, {5, 264}, {0, 3}}) {
    for (const Start start : {Start::aligned, Start::skewed}) {
      const std::vector<float> values = random_values(n * k, 1);
      const Twin narrow({n, k}, values, Dtype::bf16, start), wide({n, k}, narrow.from_cpu()), dbias({k});
      // The CPU's kernel takes f32 only.
      tests::with_contexts([&](const engine::Context& on_cpu, const engine::Context& on_cuda) {
        cpu::bias_grad(on_cpu, {.dy = wide.cpu(), .dbias = {dbias.cpu()}});
        cuda::bias_grad(on_cuda, {.dy = narrow.cuda(), .dbias = {dbias.cuda()}});
      });
      dbias.expect_close(4 * std::sqrt(static_cast<double>(n + 1)) * tests::rounding(Dtype::f32));
    }
  }
}
