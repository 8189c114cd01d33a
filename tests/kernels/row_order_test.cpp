#include "kernels/row_order.h"

#include <doctest/doctest.h>

#include "tests/cases/row_order.h"
#include "tests/cases/run_on_cpu.h"

TEST_CASE("random_order: rows sorted by a random word each") {
  tests::run_on_cpu(tests::random_order_cases(), kernels::random_order);
}

TEST_CASE("reorder_rows: rows in the given order, and back") {
  tests::run_on_cpu(tests::reorder_rows_cases(), kernels::reorder_rows);
}
