// Steps of `pretrain` with each objective compared with PyTorch, also the state that it keeps: momentum encoders,
// their statistics, queues.
#include <doctest/doctest.h>

#include "tests/golden/training_steps.h"

namespace {

void check(const char* name) { tests::check_training_steps("objective_steps.safetensors", name); }

}  // namespace

TEST_CASE("golden objective steps: a queue of two batches, keys of a momentum encoder") { check("queue"); }

TEST_CASE("golden objective steps: two queues, with shuffled keys and batch statistics in two groups") {
  check("queue-symmetric");
}

TEST_CASE("golden objective steps: BYOL with a momentum that rises along a cosine") { check("byol"); }

TEST_CASE("golden objective steps: BYOL with statistics per view") { check("byol-per-view"); }

TEST_CASE("golden objective steps: supervised with smoothed labels") { check("supervised"); }

TEST_CASE("golden objective steps: supervised with several labels per image") { check("supervised-bits"); }
