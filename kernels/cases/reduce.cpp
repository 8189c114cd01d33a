#include "kernels/cases/reduce.h"

namespace kernels {

KernelCase<SquaredDistance> squared_distance_case(const SquaredDistanceExample& example, std::vector<double> a,
                                                  std::vector<double> b) {
  constexpr std::size_t kA = 0, kB = 1, kY = 2;
  const auto tensor = [&](std::vector<double> values) {
    return CaseBuffer{
        .shape = example.shape, .values = std::move(values), .dtype = example.dtype, .skewed = example.skewed};
  };
  return {.name = engine::concat(engine::name(example.dtype), " ", example.shape, example.skewed ? ", skewed" : ""),
          // Differences are rounded, and the sum once more.
          .buffers = {tensor(std::move(a)), tensor(std::move(b)), {.shape = Shape(), .tolerance = 4 * 0x1p-23}},
          .arguments =
              [=](const std::vector<View>& on) {
                return SquaredDistance{.a = on[kA], .b = on[kB], .factor = example.factor, .y = on[kY]};
              },
          .definition =
              [=](CaseValues& v) {
                double total = 0;
                for (std::size_t i = 0; i < v[kA].size(); ++i) {
                  const double difference = v[kA][i] - v[kB][i];
                  total += difference * difference;
                }
                v[kY] = {static_cast<double>(example.factor) * total};
              }};
}

}  // namespace kernels
