#include "kernels/cases/unit_directions.h"

#include <cmath>
#include <numbers>

#include "kernels/runtime/philox.h"

namespace kernels {
namespace {

constexpr std::size_t kStep = 0, kDirections = 1;

/// By the equation in kernels/unit_directions.h.
void define(const UnitDirectionsExample& p, std::vector<double>& directions) {
  for (std::int64_t row = 0; row < p.m; ++row) {
    engine::Philox random(p.seed, engine::Purpose::directions, static_cast<std::uint32_t>(p.first + row),
                          static_cast<std::uint64_t>(p.step));
    double* out = directions.data() + row * p.d;
    const std::int64_t half = (p.d + 1) / 2;
    double squares = 0;
    for (std::int64_t i = 0; i < half; ++i) {
      const double radius = std::sqrt(-2 * std::log((random.next() + 0.5) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * (random.next() * 0x1p-32);
      out[i] = radius * std::cos(angle);
      if (half + i < p.d) out[half + i] = radius * std::sin(angle);
    }
    for (std::int64_t i = 0; i < p.d; ++i) squares += out[i] * out[i];
    for (std::int64_t i = 0; i < p.d; ++i) out[i] /= std::sqrt(squares);
  }
}

}  // namespace

KernelCase<UnitDirections> unit_directions_case(const UnitDirectionsExample& p) {
  return {.name = engine::concat(p.m, " of ", p.d, ", seed ", p.seed, ", step ", p.step),
          .buffers = {{.shape = {1}, .values = {static_cast<double>(p.step)}, .dtype = Dtype::i32},
                      // Normal numbers within a few roundings, and their length.
                      {.shape = {p.m, p.d}, .tolerance = 1e-6}},
          .arguments =
              [=](const std::vector<View>& on) {
                return UnitDirections{
                    .seed = p.seed, .step = on[kStep], .first = p.first, .directions = on[kDirections]};
              },
          .definition = [=](CaseValues& v) { define(p, v[kDirections]); }};
}

}  // namespace kernels
