#pragma once
#include "kernels/cases/row_order.h"
#include "tests/cases/kernel_case.h"

namespace tests {

std::vector<KernelCase<kernels::RandomOrder>> random_order_cases();
std::vector<KernelCase<kernels::ReorderRows>> reorder_rows_cases();

}  // namespace tests
