#pragma once
#include <string>

namespace tests {

/// Compares the first steps of a `pretrain` run with those that PyTorch computed with the same seed and images
/// (tools/golden/contrastive_step.py, objective_steps.py): metrics, and after each step all weights and states.
void check_training_steps(const std::string& file, const std::string& name);

}  // namespace tests
