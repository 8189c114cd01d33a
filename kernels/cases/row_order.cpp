#include "kernels/cases/row_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/runtime/philox.h"

namespace kernels {

KernelCase<RandomOrder> random_order_case(std::int64_t n, std::uint64_t seed, std::int32_t step) {
  constexpr std::size_t kStep = 0, kOrder = 1;
  return {.name = engine::concat(n, " rows in step ", step),
          .buffers = {{.shape = {1}, .values = {static_cast<double>(step)}, .dtype = Dtype::i32},
                      {.shape = {n}, .dtype = Dtype::i32, .tolerance = 0}},
          .arguments =
              [=](const std::vector<View>& on) {
                return RandomOrder{.seed = seed, .step = on[kStep], .order = on[kOrder]};
              },
          .definition =
              [=](CaseValues& v) {
                std::vector<std::uint32_t> words;
                for (std::int64_t i = 0; i < n; ++i) {
                  words.push_back(engine::Philox(seed, engine::Purpose::key_order, 0,
                                                 static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(n) +
                                                     static_cast<std::uint64_t>(i))
                                      .words(0)
                                      .word[0]);
                }
                std::iota(v[kOrder].begin(), v[kOrder].end(), 0.0);
                std::stable_sort(v[kOrder].begin(), v[kOrder].end(), [&](double a, double b) {
                  return words[static_cast<std::size_t>(a)] < words[static_cast<std::size_t>(b)];
                });
              }};
}

KernelCase<ReorderRows> reorder_rows_case(const Shape& shape, Dtype dtype, bool inverse, std::int64_t skipped) {
  constexpr std::size_t kX = 0, kOrder = 1, kY = 2;
  const std::int64_t n = shape[0], d = shape.elements() / n, m = n - skipped;
  std::vector<double> x, order;
  for (std::int64_t i = 0; i < shape.elements(); ++i) x.push_back(static_cast<double>(i % 251));
  for (std::int64_t i = skipped; i < n; ++i) order.push_back(static_cast<double>((i * 5 + 2) % n));
  return {.name = engine::concat(shape, " of ", engine::name(dtype), inverse ? ", inverse" : "", ", ", m,
                                 " rows of an order"),
          .buffers = {{.shape = shape, .values = x, .dtype = dtype},
                      {.shape = {m}, .values = order, .dtype = Dtype::i32},
                      {.shape = shape.with_rows(m), .dtype = dtype, .tolerance = 0}},
          .arguments =
              [=](const std::vector<View>& on) {
                return ReorderRows{.x = on[kX], .order = on[kOrder], .inverse = inverse, .y = on[kY]};
              },
          .definition =
              [=](CaseValues& v) {
                for (std::int64_t i = 0; i < m; ++i) {
                  const auto other = static_cast<std::int64_t>(v[kOrder][static_cast<std::size_t>(i)]);
                  const std::int64_t from = inverse ? i : other, to = inverse ? other : i;
                  std::copy_n(v[kX].begin() + from * d, d, v[kY].begin() + to * d);
                }
              }};
}

}  // namespace kernels
