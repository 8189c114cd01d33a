#include "models/batch_norm.h"

namespace models {

using engine::Initializer;
using engine::ParameterKind;

BatchNorm::BatchNorm(const engine::Scope& scope, std::int64_t channels, const Options& options)
    : numeric_(options.numeric),
      gamma_(scope.add("weight", {channels}, ParameterKind::gamma, Initializer::constant(options.gamma_initial))),
      mean_(scope.add_state("running_mean", {channels}, 0)),
      variance_(scope.add_state("running_var", {channels}, 1)),
      batches_(scope.add_state("num_batches_tracked", {}, 0, engine::Dtype::i64)) {
  if (options.beta) beta_ = scope.add("bias", {channels}, ParameterKind::beta, Initializer::constant(0));
}

engine::Tensor BatchNorm::operator()(const engine::Tensor& x, engine::Mode mode,
                                     const engine::BatchNormEpilogue& epilogue) const {
  const engine::LayerRange layer(x.context(), gamma_.layer());
  const engine::Tensor beta = beta_ ? beta_->tensor(mode) : engine::Tensor();
  return engine::batch_norm(x, gamma_.tensor(mode), beta, {mean_.tensor(), variance_.tensor(), batches_.tensor()}, mode,
                            numeric_, epilogue);
}

}  // namespace models
