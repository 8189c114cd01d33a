// Two steps of `pretrain` compared with PyTorch: initial weights, crops and bits, both views through encoder, batch
// norm, head and loss, the online probe, all gradients, weight decay, the update, and running statistics.
#include <doctest/doctest.h>

#include "tests/golden/training_steps.h"

using tests::check_training_steps;

TEST_CASE("golden contrastive step: nt-xent over both views, a deep head, LARS with weight decay") {
  check_training_steps("contrastive_step.safetensors", "simclr");
}

TEST_CASE("golden contrastive step: cross-view with bits, statistics per view, L2 terms, Adam") {
  check_training_steps("contrastive_step.safetensors", "randbits");
}

TEST_CASE("golden contrastive step: the first update of SGD is the gradient, weight decay included") {
  check_training_steps("contrastive_step.safetensors", "sgd");
}
