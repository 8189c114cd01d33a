#include "kernels/enqueue.h"

#include <doctest/doctest.h>

#include "tests/cases/enqueue.h"
#include "tests/cases/run_on_cpu.h"

TEST_CASE("enqueue: the newest rows replace the oldest") {
  tests::run_on_cpu(tests::enqueue_cases(), kernels::enqueue);
}
