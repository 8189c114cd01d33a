#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/tensor.h"
#include "kernels/context.h"
#include "kernels/elementwise.h"

using engine::Context;
using engine::HostPiece;
using engine::Tensor;

namespace {
const engine::Device kDevice{engine::DeviceKind::cuda, 0};
}

TEST_CASE("uploads ahead: each step sees its own batch, however many are under way and whatever their sizes") {
  const Context context = kernels::make_context({.device = kDevice});
  constexpr std::int64_t kSteps = 9, kMost = 50'000;
  const Tensor batch = Tensor::zeros(context, {kMost}), seen = Tensor::zeros(context, {kSteps, kMost});
  std::vector<float> values(kMost), expected(kSteps * kMost);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const std::int64_t count = kMost / (1 + step * 5 % 7);  // grows and shrinks
    std::fill(values.begin(), values.end(), static_cast<float>(step + 1));
    std::fill_n(expected.begin() + step * kMost, count, static_cast<float>(step + 1));
    const HostPiece whole{values.data(), static_cast<std::size_t>(count) * sizeof(float), 0};
    batch.narrow(0, count).upload_ahead({&whole, 1});
    std::fill(values.begin(), values.end(), -1.0f);  // the host's memory is its own again
    kernels::scale(
        context,
        {.x = batch.narrow(0, count), .alpha = 1, .y = {seen.narrow(step, 1).view_as({kMost}).narrow(0, count)}});
  }
  CHECK(seen.to_host<float>() == expected);
}

TEST_CASE("uploads ahead: several pieces arrive where they belong") {
  const Context context = kernels::make_context({.device = kDevice});
  const Tensor to = Tensor::zeros(context, {10});
  const std::array<float, 3> first{1, 2, 3};
  const std::array<float, 2> second{4, 5};
  to.upload_ahead(std::array{HostPiece{first.data(), sizeof first, 0}, HostPiece{second.data(), sizeof second, 32}});
  const std::vector<float> values = to.to_host<float>();
  CHECK(std::vector<float>(values.begin(), values.begin() + 3) == std::vector<float>{1, 2, 3});
  CHECK(std::vector<float>(values.begin() + 8, values.end()) == std::vector<float>{4, 5});
  CHECK_THROWS_WITH_AS(to.upload_ahead(std::array{HostPiece{first.data(), sizeof first, 32}}),
                       doctest::Contains("12 bytes at 32 are not inside the 40"), engine::Error);
}
