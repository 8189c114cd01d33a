#include "kernels/cases/add_bias.h"

namespace kernels {

KernelCase<AddBias> add_bias_case(const Shape& shape, Dtype dtype, std::vector<double> bias, std::vector<double> y) {
  constexpr std::size_t kBias = 0, kY = 1;
  return {.name = engine::concat(engine::name(dtype), " ", shape),
          .buffers = {{.shape = {shape.cols()}, .values = std::move(bias)},
                      {.shape = shape,
                       .values = std::move(y),
                       .dtype = dtype,
                       .tolerance = dtype == Dtype::bf16 ? 0x1p-8 : 0x1p-23}},
          .arguments = [](const std::vector<View>& on) { return AddBias{.bias = on[kBias], .y = on[kY]}; },
          .definition =
              [](CaseValues& v) {
                for (std::size_t i = 0; i < v[kY].size(); ++i) v[kY][i] += v[kBias][i % v[kBias].size()];
              }};
}

}  // namespace kernels
