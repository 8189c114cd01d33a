#include "kernels/row_order.h"

#include <doctest/doctest.h>

#include "tests/cases/row_order.h"
#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda random_order: rows sorted by a random word each") {
  tests::run_on_cuda(tests::random_order_cases(), kernels::cuda::random_order);
}

TEST_CASE("cuda reorder_rows: rows in the given order, and back") {
  tests::run_on_cuda(tests::reorder_rows_cases(), kernels::cuda::reorder_rows);
}
