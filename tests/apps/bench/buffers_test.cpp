#include "apps/bench/buffers.h"

#include <doctest/doctest.h>

#include <set>

#include "kernels/context.h"

using engine::Dtype;
using engine::Tensor;

namespace {

constexpr std::size_t kBlock = 65'537;  // what the contents repeat

template <class T>
void expect_repeated(const Tensor& tensor) {
  const std::vector<T> values = tensor.to_host<T>();
  REQUIRE(values.size() > 2 * kBlock);
  std::size_t different = 0;
  for (std::size_t i = kBlock; i < values.size(); ++i) different += values[i] == values[i - kBlock] ? 0 : 1;
  CHECK(different == 0);
  CHECK(std::set<float>(values.begin(), values.begin() + 1000).size() > 200);
}

}  // namespace

TEST_CASE("bench buffers: all of a tensor has contents, which repeat a block") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  apps::Buffers buffers(context, {});
  constexpr std::int64_t kRows = 3 * 65'537 + 11;
  expect_repeated<float>(buffers.random({kRows}, Dtype::f32));
  expect_repeated<engine::bf16>(buffers.random({kRows, 1}, Dtype::bf16));
  expect_repeated<float>(buffers.positive_f32({kRows}));
  expect_repeated<std::int32_t>(buffers.integers({kRows}, 50'000));
  expect_repeated<std::int64_t>(buffers.words({kRows}));
  expect_repeated<std::uint8_t>(buffers.bytes({kRows}));
  const kernels::CaseBuffer of_case{.shape = {kRows}, .values = apps::normal_values(kRows), .dtype = Dtype::bf16};
  CHECK(of_case.values.size() == kBlock);
  const std::vector<engine::View> on = buffers.views_of({of_case, {.shape = {3}, .values = {1, 2, 3}}});
  CHECK(on[0].as<engine::bf16>()[kRows - 1] == on[0].as<engine::bf16>()[10]);
  CHECK(on[1].as<float>()[2] == 3);
}

TEST_CASE("bench buffers: rows of length 1, no two alike") {
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1});
  apps::Buffers buffers(context, {});
  constexpr std::int64_t kRows = 700, kColumns = 128;
  const std::vector<float> values = buffers.unit_rows(kRows, kColumns, Dtype::f32).to_host<float>();
  const std::vector<double> of_case = apps::unit_row_values(kRows, kColumns);
  REQUIRE(of_case.size() == values.size());
  std::set<float> first;
  for (std::size_t row = 0; row < kRows; ++row) {
    double squares = 0;
    for (std::size_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
      squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      CHECK(of_case[i] == doctest::Approx(static_cast<double>(values[i])).epsilon(1e-5));
    }
    CHECK(squares == doctest::Approx(1).epsilon(1e-5));
    first.insert(values[row * kColumns]);
  }
  CHECK(first.size() == kRows);
}
