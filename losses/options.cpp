#include "losses/options.h"

namespace losses {
namespace {

/// What the paper's experiments and the authors of the losses use: docs/losses.md.
struct Defaults {
  float temperature = 0.1f, lambda = 1;
  bool normalize = true;
};

Defaults defaults_of(const Options& options) {
  switch (options.name) {
    case LossName::nt_xent:
    case LossName::cross_view: return {};
    case LossName::decoupled: return {.temperature = 1, .lambda = 0.1f};
  }
  return {};
}

}  // namespace

Options Options::resolved() const {
  const Defaults defaults = defaults_of(*this);
  Options all = *this;
  all.temperature = temperature.value_or(defaults.temperature);
  all.lambda = lambda.value_or(defaults.lambda);
  all.normalize = normalize.value_or(defaults.normalize);
  return all;
}

}  // namespace losses
