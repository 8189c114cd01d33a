#include "kernels/cpu/matmul.h"

#include <doctest/doctest.h>

#include "kernels/context.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace kernels;
using engine::Tensor;
using tests::GuardedTensor;
using tests::random_tensor;
using tests::to_floats;

TEST_CASE("bf16 matmul: equals the plain sum, transposed, biased, accumulating, in f32 and bf16, and repeats") {
  if (!tests::computes_bf16()) return;
  const engine::Context context = make_context({.device = {}, .threads = 2});
  constexpr cpu::MatmulSize kSizes[] = {{1, 1, 1}, {3, 7, 5}, {17, 10, 130}, {64, 128, 256},
                                        {2, 3, 0}, {0, 3, 2}, {5, 1, 33}};
  for (const auto& size : kSizes) {
    const auto [m, n, k] = size;
    for (int flags = 0; flags < 32; ++flags) {
      const bool ta = flags & 1, tb = flags & 2, has_bias = flags & 4, accumulate = flags & 8;
      const Dtype dtype = flags & 16 ? Dtype::bf16 : Dtype::f32;
      CAPTURE(m);
      CAPTURE(n);
      CAPTURE(k);
      CAPTURE(flags);
      const Tensor a = random_tensor(context, {m, k}, 1, Dtype::bf16),
                   b = random_tensor(context, {k, n}, 2, Dtype::bf16);
      const Tensor bias = random_tensor(context, {n}, 3), before = random_tensor(context, {m, n}, 4, dtype);
      const auto as = to_floats(a), bs = to_floats(b), biases = to_floats(bias), befores = to_floats(before);
      std::vector<double> expected;
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          double sum = accumulate ? befores[static_cast<std::size_t>(i * n + j)] : 0;
          if (has_bias) sum += biases[static_cast<std::size_t>(j)];
          for (std::int64_t l = 0; l < k; ++l) {
            sum += static_cast<double>(as[static_cast<std::size_t>(ta ? l * m + i : i * k + l)]) *
                   bs[static_cast<std::size_t>(tb ? j * k + l : l * n + j)];
          }
          expected.push_back(sum);
        }
      }
      const auto product = [&] {
        const GuardedTensor c(before);
        cpu::matmul(
            context, size, engine::ConstView(a).as<bf16>(), engine::ConstView(b).as<bf16>(), {c, accumulate},
            {.transpose_a = ta, .transpose_b = tb, .bias = has_bias ? engine::ConstView(bias).as<float>() : nullptr});
        return to_floats(c.checked());
      };
      const double rounded = dtype == Dtype::bf16 ? 0x1p-8 : 0;
      tests::expect_close(product(), expected, rounded + 1e-7 * static_cast<double>(k + 8));
      CHECK(product() == product());
    }
  }
}
