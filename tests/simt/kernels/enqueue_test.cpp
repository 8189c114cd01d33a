#include "kernels/enqueue.h"

#include <doctest/doctest.h>

#include "tests/cases/enqueue.h"
#include "tests/cases/run_on_cuda.h"

TEST_CASE("cuda enqueue: the newest rows replace the oldest") {
  tests::run_on_cuda(tests::enqueue_cases(), kernels::cuda::enqueue);
}
