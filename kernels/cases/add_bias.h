#pragma once
#include "kernels/add_bias.h"
#include "kernels/cases/kernel_case.h"

namespace kernels {

KernelCase<AddBias> add_bias_case(const Shape& shape, Dtype dtype, std::vector<double> bias, std::vector<double> y);

}  // namespace kernels
