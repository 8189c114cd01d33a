#include "engine/tensor.h"

#include <doctest/doctest.h>

#include "kernels/context.h"

using namespace engine;

TEST_CASE("tensor: holds what was put in, for every dtype") {
  const Context context = kernels::make_context();
  const auto round_trip = [&]<class T>(const std::vector<T>& values) {
    const Tensor x = Tensor::from(context, {static_cast<std::int64_t>(values.size())}, values);
    CHECK(x.dtype() == dtype_of<T>);
    CHECK(x.bytes() == values.size() * sizeof(T));
    CHECK(x.to_host<T>() == values);
  };
  round_trip(std::vector<float>{1.5f, -2});
  round_trip(std::vector<bf16>{bf16(1.5f), bf16(-2)});
  round_trip(std::vector<std::int32_t>{7, -8, 9});
  round_trip(std::vector<std::int64_t>{std::int64_t{1} << 40, -8});
  round_trip(std::vector<std::uint8_t>{1, 255, 3, 4, 5});
  round_trip(std::vector<double>{1 + 0x1p-50, -2});
  round_trip(std::vector<float>{});
}

TEST_CASE("tensor: an undefined tensor is false, views nothing and has no gradient") {
  const Tensor none;
  CHECK_FALSE(none);
  CHECK_FALSE(ConstView(none));
  CHECK_FALSE(none.gradient());
}

TEST_CASE("tensor: zeros are zero in memory that was used before") {
  const Context context = kernels::make_context();
  { const Tensor dirty = Tensor::from<float>(context, {3}, {1, 2, 3}); }
  CHECK(Tensor::zeros(context, {3}).to_host<float>() == std::vector<float>(3, 0));
}

TEST_CASE("tensor: copies, reshapes and ranges share one buffer, which the last of them releases") {
  const Context context = kernels::make_context();
  const std::size_t base = context.pool().used_bytes();
  {
    Tensor range;
    {
      const Tensor x = Tensor::from<float>(context, {3, 2}, {1, 2, 3, 4, 5, 6});
      CHECK(x.view_as({6}).shape() == Shape{6});
      range = x.narrow(1, 2);
      x.narrow(2, 1).upload<float>(std::vector<float>{7, 8});
    }
    CHECK(range.shape() == Shape{2, 2});
    CHECK(range.to_host<float>() == std::vector<float>{3, 4, 7, 8});
    CHECK(context.pool().used_bytes() == base + Pool::size_class(24));
  }
  CHECK(context.pool().used_bytes() == base);
}

TEST_CASE("tensor: a range of a range counts from the inner one") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::from<float>(context, {5}, {1, 2, 3, 4, 5});
  CHECK(x.narrow(1, 3).narrow(1, 2).to_host<float>() == std::vector<float>{3, 4});
}

TEST_CASE("tensor: view_as sees part of a byte buffer as another dtype") {
  const Context context = kernels::make_context();
  const Tensor bytes = Tensor::zeros(context, {256}, Dtype::u8);
  const Tensor floats = bytes.view_as(128, {2, 3}, Dtype::f32);
  floats.upload<float>(std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(floats.to_host<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(bytes.to_host<std::uint8_t>()[128 + 2] == 0x80);  // 1.0f is 3f800000
  CHECK_THROWS_AS(bytes.view_as(128, {33}, Dtype::f32), Error);
  CHECK_THROWS_AS(bytes.view_as(-4, {1}, Dtype::f32), Error);
}

TEST_CASE("tensor: item reads one element") {
  const Context context = kernels::make_context();
  CHECK(Tensor::from<float>(context, {}, {2.5f}).item() == 2.5f);
  CHECK(Tensor::from<float>(context, {1, 1}, {2.5f}).item() == 2.5f);
  CHECK_THROWS_WITH_AS(Tensor::zeros(context, {2}).item(), "item: expected one element, got [2]", Error);
}

TEST_CASE("tensor: refuses the wrong dtype, size and rows") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {2, 3});
  CHECK_THROWS_WITH_AS(x.to_host<bf16>(), "to_host: the tensor holds f32, not bf16", Error);
  CHECK_THROWS_WITH_AS(x.upload<float>(std::vector<float>(5)),
                       "upload: tensor [2,3] of f32 cannot take 5 values of f32", Error);
  CHECK_THROWS_WITH_AS(x.upload<std::int32_t>(std::vector<std::int32_t>(6)),
                       "upload: tensor [2,3] of f32 cannot take 6 values of i32", Error);
  CHECK_THROWS_WITH_AS(x.view_as({5}), "reshape: [2,3] has 6 elements, [5] has 5", Error);
  CHECK_THROWS_WITH_AS(x.narrow(1, 2), "rows [1,3) are not inside a tensor of shape [2,3]", Error);
}

TEST_CASE("tensor: a leaf wants a gradient, its handle without a graph does not") {
  const Context context = kernels::make_context();
  const Tensor x = Tensor::zeros(context, {2}), leaf = x.requires_gradient();
  CHECK_FALSE(x.wants_gradient());
  CHECK(leaf.wants_gradient());
  CHECK_FALSE(leaf.gradient());
  CHECK_FALSE(leaf.detach().wants_gradient());
  CHECK_FALSE(leaf.view_as({2, 1}).wants_gradient());
}
