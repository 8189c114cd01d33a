#include "kernels/cases/elementwise.h"

namespace kernels {
namespace {

CaseBuffer tensor(const ElementwiseExample& example, std::vector<double> values) {
  return {.shape = example.shape, .values = std::move(values), .dtype = example.dtype, .skewed = example.skewed};
}

/// Arithmetic is in f32, rounded once.
CaseBuffer result(const ElementwiseExample& example, std::vector<double> values) {
  CaseBuffer y = tensor(example, std::move(values));
  y.tolerance = example.dtype == Dtype::bf16 ? 0x1p-7 : 0x1p-22;
  return y;
}

CaseBuffer scalar(const ElementwiseExample& example) {
  return {.shape = Shape(), .values = {static_cast<double>(example.scalar)}};
}

std::string name_of(const ElementwiseExample& example, bool accumulate) {
  return engine::concat(engine::name(example.dtype), " ", example.shape, accumulate ? ", added" : "",
                        example.skewed ? ", skewed" : "");
}

}  // namespace

KernelCase<ScaleBy> scale_by_case(const ElementwiseExample& example, std::vector<double> x, std::vector<double> y) {
  constexpr std::size_t kX = 0, kScalar = 1, kY = 2;
  const bool accumulate = !y.empty();
  return {.name = name_of(example, accumulate),
          .buffers = {tensor(example, std::move(x)), scalar(example), result(example, std::move(y))},
          .arguments =
              [=](const std::vector<View>& on) {
                return ScaleBy{.x = on[kX], .scalar = on[kScalar], .y = {on[kY], accumulate}};
              },
          .definition =
              [=](CaseValues& v) {
                for (std::size_t i = 0; i < v[kY].size(); ++i) {
                  v[kY][i] = (accumulate ? v[kY][i] : 0) + v[kScalar][0] * v[kX][i];
                }
              }};
}

KernelCase<ScaledDifference> scaled_difference_case(const ElementwiseExample& example, float alpha,
                                                    std::vector<double> a, std::vector<double> b,
                                                    std::vector<double> y) {
  constexpr std::size_t kA = 0, kB = 1, kScalar = 2, kY = 3;
  const bool accumulate = !y.empty();
  return {.name = name_of(example, accumulate),
          .buffers = {tensor(example, std::move(a)), tensor(example, std::move(b)), scalar(example),
                      result(example, std::move(y))},
          .arguments =
              [=](const std::vector<View>& on) {
                return ScaledDifference{
                    .a = on[kA], .b = on[kB], .scalar = on[kScalar], .alpha = alpha, .y = {on[kY], accumulate}};
              },
          .definition =
              [=](CaseValues& v) {
                const double factor = static_cast<double>(alpha) * v[kScalar][0];
                for (std::size_t i = 0; i < v[kY].size(); ++i) {
                  v[kY][i] = (accumulate ? v[kY][i] : 0) + factor * (v[kA][i] - v[kB][i]);
                }
              }};
}

}  // namespace kernels
