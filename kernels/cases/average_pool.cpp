#include "kernels/cases/average_pool.h"

#include <utility>

namespace kernels {
namespace {

CaseBuffer tensor(const AveragePoolExample& example, const Shape& shape, std::vector<double> values) {
  return {.shape = shape, .values = std::move(values), .dtype = example.dtype, .skewed = example.skewed};
}
/// The sum of a few numbers in f32, rounded once.
CaseBuffer result(const AveragePoolExample& example, const Shape& shape, std::vector<double> values = {}) {
  CaseBuffer y = tensor(example, shape, std::move(values));
  y.tolerance = example.dtype == Dtype::bf16 ? 0x1p-7 : 0x1p-21;
  return y;
}

std::string name_of(const AveragePoolExample& p, const char* accumulate = "") {
  return engine::concat(engine::name(p.dtype), ' ', p.images(), " to ", p.pooled(), ", window ", p.g.window,
                        p.counts_padding ? ", padding counts" : "", accumulate, p.skewed ? ", skewed" : "");
}

std::size_t at(const Shape& shape, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  return static_cast<std::size_t>(((n * shape[1] + h) * shape[2] + w) * shape[3] + c);
}

/// Calls tap(element of y, element of x, share) for all pixels of all windows.
template <class Tap>
void for_each_tap(const AveragePoolExample& p, const Tap& tap) {
  const PoolGeometry& g = p.g;
  for (std::int64_t n = 0; n < g.n; ++n) {
    for (std::int64_t i = 0; i < g.p() * g.q(); ++i) {
      const std::int64_t row = i / g.q(), column = i % g.q();
      std::vector<std::pair<std::int64_t, std::int64_t>> inside;
      for (std::int64_t r = 0; r < g.window * g.window; ++r) {
        const std::int64_t h = row * g.stride + r / g.window - g.rows.before,
                           w = column * g.stride + r % g.window - g.columns.before;
        if (h >= 0 && h < g.h && w >= 0 && w < g.w) inside.emplace_back(h, w);
      }
      const auto count = p.counts_padding ? g.window * g.window : static_cast<std::int64_t>(inside.size());
      for (const auto& [h, w] : inside) {
        for (std::int64_t c = 0; c < g.c; ++c) {
          tap(at(p.pooled(), n, row, column, c), at(p.images(), n, h, w, c), 1 / static_cast<double>(count));
        }
      }
    }
  }
}

}  // namespace

KernelCase<AveragePoolForward> average_pool_forward_case(const AveragePoolExample& example, std::vector<double> x) {
  constexpr std::size_t kX = 0, kY = 1;
  return {.name = name_of(example),
          .buffers = {tensor(example, example.images(), std::move(x)), result(example, example.pooled())},
          .arguments =
              [=](const std::vector<View>& on) {
                return AveragePoolForward{
                    .g = example.g, .x = on[kX], .y = on[kY], .counts_padding = example.counts_padding};
              },
          .definition =
              [=](CaseValues& v) {
                v[kY].assign(v[kY].size(), 0);
                for_each_tap(example,
                             [&](std::size_t y, std::size_t pixel, double share) { v[kY][y] += share * v[kX][pixel]; });
              }};
}

KernelCase<AveragePoolBackward> average_pool_backward_case(const AveragePoolExample& example, std::vector<double> dy,
                                                           std::vector<double> dx, std::vector<double> x) {
  // x is not a buffer of the kernel: it is there to differentiate sum(dy y) by.
  constexpr std::size_t kDy = 0, kDx = 1, kX = 2;
  const bool accumulate = !dx.empty(), compares = !x.empty();
  const Shape extra{static_cast<std::int64_t>(x.size())};
  KernelCase<AveragePoolBackward> backward{
      .name = name_of(example, accumulate ? ", added" : ""),
      .buffers = {tensor(example, example.pooled(), std::move(dy)),
                  result(example, example.images(), std::move(dx)),
                  {.shape = extra, .values = std::move(x), .dtype = Dtype::f64}},
      .arguments =
          [=](const std::vector<View>& on) {
            return AveragePoolBackward{
                .g = example.g, .dy = on[kDy], .dx = {on[kDx], accumulate}, .counts_padding = example.counts_padding};
          },
      .definition =
          [=](CaseValues& v) {
            if (!accumulate) v[kDx].assign(v[kDx].size(), 0);
            for_each_tap(example,
                         [&](std::size_t y, std::size_t pixel, double share) { v[kDx][pixel] += share * v[kDy][y]; });
          }};
  if (compares) {
    backward.gradients = {{.result = kDx, .variable = kX, .value = [example](const CaseValues& v) {
                             double sum = 0;
                             for_each_tap(example, [&](std::size_t y, std::size_t pixel, double share) {
                               sum += v[kDy][y] * share * v[kX][pixel];
                             });
                             return sum;
                           }}};
  }
  return backward;
}

}  // namespace kernels
