#include "losses/options.h"

namespace losses {
namespace {

/// What the paper's experiments and the authors of the losses use: docs/losses.md.
struct Defaults {
  float temperature = 0.1f, lambda = 1;
  bool normalize = true;
  std::int64_t slices = 0;  ///< 0: as many as an embedding has dimensions
};

/// Rows of any length fill a cube or follow a normal distribution; a sphere needs unit rows.
bool has_unit_rows(kernels::Prior prior) {
  switch (prior) {
    case kernels::Prior::sphere: return true;
    case kernels::Prior::cube:
    case kernels::Prior::normal: return false;
  }
  return false;
}

Defaults defaults_of(const Options& options) {
  switch (options.name) {
    case LossName::nt_xent:
    case LossName::cross_view: return {};
    case LossName::decoupled: return {.temperature = 1, .lambda = 0.1f};
    case LossName::swd: return {.lambda = 5, .normalize = has_unit_rows(options.prior)};
    case LossName::sigreg: return {.lambda = 0.05f, .normalize = false, .slices = 1024};
    case LossName::visreg: return {.lambda = 0.6f, .normalize = false, .slices = 4096};
  }
  return {};
}

}  // namespace

bool is_cross_entropy(LossName name) {
  switch (name) {
    case LossName::nt_xent:
    case LossName::cross_view: return true;
    case LossName::decoupled:
    case LossName::swd:
    case LossName::sigreg:
    case LossName::visreg: break;
  }
  return false;
}

bool has_slices(LossName name) {
  switch (name) {
    case LossName::swd:
    case LossName::sigreg:
    case LossName::visreg: return true;
    case LossName::nt_xent:
    case LossName::cross_view:
    case LossName::decoupled: break;
  }
  return false;
}

Options Options::resolved() const {
  const Defaults defaults = defaults_of(*this);
  Options all = *this;
  all.temperature = temperature.value_or(defaults.temperature);
  all.lambda = lambda.value_or(defaults.lambda);
  all.normalize = normalize.value_or(defaults.normalize);
  all.slices = slices.value_or(defaults.slices);
  return all;
}

}  // namespace losses
