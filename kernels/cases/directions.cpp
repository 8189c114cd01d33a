#include "kernels/cases/directions.h"

#include <cmath>

#include "kernels/runtime/philox.h"

namespace kernels {
namespace {

/// The modified Gram-Schmidt process on G's columns, each made orthogonal to those before it twice.
void define(const DirectionsExample& e, std::vector<double>& directions) {
  const auto dot = [&](const double* a, const double* b) {
    double sum = 0;
    for (std::int64_t i = 0; i < e.d; ++i) sum += a[i] * b[i];
    return sum;
  };
  for (std::int64_t j = 0; j < e.k; ++j) {
    engine::Philox random(e.seed, engine::Purpose::directions, static_cast<std::uint32_t>(j),
                          static_cast<std::uint64_t>(e.step.value_or(0)));
    double* row = directions.data() + j * e.d;
    for (std::int64_t i = 0; i < e.d; ++i) row[i] = static_cast<double>(static_cast<float>(random.normal()));
    for (int pass = 0; pass < 2; ++pass) {
      for (std::int64_t before = 0; before < j; ++before) {
        const double* other = directions.data() + before * e.d;
        const double along = dot(row, other);
        for (std::int64_t i = 0; i < e.d; ++i) row[i] -= along * other[i];
      }
    }
    const double length = std::sqrt(dot(row, row));
    for (std::int64_t i = 0; i < e.d; ++i) row[i] /= length;
  }
}

}  // namespace

KernelCase<DrawDirections> draw_directions_case(const DirectionsExample& e) {
  constexpr std::size_t kDirections = 0, kStep = 1;
  return {.name = engine::concat(e.k, " of ", e.d, e.step ? engine::concat(", step ", *e.step) : ", without a step"),
          .buffers = {{.shape = {e.k, e.d}, .tolerance = 1e-6},
                      {.shape = {1}, .values = {static_cast<double>(e.step.value_or(-1))}, .dtype = Dtype::i32}},
          .arguments =
              [=](const std::vector<View>& on) {
                return DrawDirections{
                    .seed = e.seed, .step = e.step ? on[kStep] : View(), .directions = on[kDirections]};
              },
          .definition = [=](CaseValues& v) { define(e, v[kDirections]); }};
}

}  // namespace kernels
