// A convolution that leaves its channel sums to the batch norm behind it, against the two of them apart: values and
// gradients.
#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv2d.h"
#include "kernels/context.h"
#include "tests/numeric.h"

using namespace engine;

TEST_CASE("channel sums: convolution and batch norm with them are what they are without") {
  const Context context =
      kernels::make_context({.device = {DeviceKind::cuda, 0}, .threads = 0, .tf32 = false, .repeatable = false});
  struct Case {
    std::int64_t n, h, k;
    bool residual, has_sums;
  };
  for (const auto& [n, h, k, with_residual, has_sums] :
       {Case{3, 9, 8, false, true}, Case{2, 5, 12, true, true}, Case{1, 1, 8, false, true}, Case{0, 4, 8, false, false},
        Case{2, 5, 6, false, false}}) {
    CAPTURE(n);
    CAPTURE(k);
    const auto run = [&](bool summed) {
      const auto leaf = [&](Shape shape, std::uint64_t seed, Dtype dtype) {
        return tests::random_tensor(context, shape, seed, dtype).requires_gradient();
      };
      const Tensor x = leaf({n, h, h, 8}, 1, Dtype::bf16), weight = leaf({k, 3, 3, 8}, 2, Dtype::bf16);
      const Tensor gamma = leaf({k}, 3, Dtype::f32), beta = leaf({k}, 4, Dtype::f32);
      const Tensor residual = with_residual ? leaf({n, h, h, k}, 5, Dtype::bf16) : Tensor();
      const RunningStatistics running{Tensor::zeros(context, {k}), Tensor::zeros(context, {k}),
                                      Tensor::zeros(context, Shape(), Dtype::i32)};
      const Conv2dOptions same{.stride = 1, .pad = 1};
      const WithChannelSums y = summed ? conv2d_summed(x, weight, same) : WithChannelSums(conv2d(x, weight, same));
      CHECK(static_cast<bool>(y.sums) == (summed && has_sums));
      const Tensor z = batch_norm(y, gamma, beta, running, Mode::train, {}, {residual, true});
      backward(z, tests::random_tensor(context, z.shape(), 6, Dtype::bf16));
      std::vector<std::vector<float>> results;
      for (const Tensor& result :
           {z, x.gradient(), weight.gradient(), gamma.gradient(), beta.gradient(), running.mean, running.variance})
        results.push_back(tests::to_floats(result));
      if (residual) results.push_back(tests::to_floats(residual.gradient()));
      return results;
    };
    const auto with = run(true), without = run(false);
    for (std::size_t i = 0; i < with.size(); ++i) {
      CAPTURE(i);
      if (n * h == 1 && i != 0) continue;  // no deviation: gradients say how its inverse was rounded
      tests::expect_close(with[i], {without[i].begin(), without[i].end()}, 2 * tests::rounding(Dtype::bf16));
    }
  }
}
