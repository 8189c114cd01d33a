#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/row_order.h"

namespace kernels {

KernelCase<RandomOrder> random_order_case(std::int64_t n, std::uint64_t seed, std::int32_t step);
/// `skipped`: so many entries of the order are left out, which only works if it is not inverted.
KernelCase<ReorderRows> reorder_rows_case(const Shape& shape, Dtype dtype, bool inverse, std::int64_t skipped = 0);

}  // namespace kernels
