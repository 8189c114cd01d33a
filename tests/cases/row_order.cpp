#include "tests/cases/row_order.h"

namespace tests {

std::vector<KernelCase<kernels::RandomOrder>> random_order_cases() {
  return {kernels::random_order_case(1, 1, 0),   kernels::random_order_case(2, 1, 3),
          kernels::random_order_case(255, 7, 1), kernels::random_order_case(256, 7, 2),
          kernels::random_order_case(257, 7, 2), kernels::random_order_case(700, 0xABCDEF01234, 100'000'000)};
}

std::vector<KernelCase<kernels::ReorderRows>> reorder_rows_cases() {
  std::vector<KernelCase<kernels::ReorderRows>> cases;
  for (const engine::Dtype dtype : {engine::Dtype::f32, engine::Dtype::bf16}) {
    for (const bool inverse : {false, true}) {
      for (const engine::Shape& shape : {engine::Shape{1, 1}, {7, 3}, {64, 5, 4, 3}, {16, 1000}, {11, 28, 28, 6}})
        cases.push_back(kernels::reorder_rows_case(shape, dtype, inverse));
    }
    cases.push_back(kernels::reorder_rows_case({17, 5, 3}, dtype, false, 13));
  }
  return cases;
}

}  // namespace tests
