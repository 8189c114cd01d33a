#include "models/batch_norm.h"

namespace models {

using engine::Initializer;
using engine::ParameterKind;

BatchNorm::BatchNorm(engine::ParameterSet& parameters, engine::Part part, const std::string& name,
                     std::int64_t channels, const Options& options)
    : options_(options) {
  gamma_ = parameters.add(name + ".weight", {channels}, ParameterKind::gamma, part,
                          Initializer::constant(options.gamma_initial));
  if (options.beta)
    beta_ = parameters.add(name + ".bias", {channels}, ParameterKind::beta, part, Initializer::constant(0));
  mean_ = parameters.add_state(name + ".running_mean", {channels}, part, 0);
  variance_ = parameters.add_state(name + ".running_var", {channels}, part, 1);
  batches_ = parameters.add_state(name + ".num_batches_tracked", {}, part, 0, engine::Dtype::i32);
}

engine::Tensor BatchNorm::operator()(const engine::Tensor& x, engine::Mode mode,
                                     const engine::BatchNormEpilogue& epilogue) const {
  const engine::LayerRange layer(x.context(), gamma_.layer());
  const engine::Tensor beta = options_.beta ? beta_.tensor(mode) : engine::Tensor();
  return engine::batch_norm(x, gamma_.tensor(mode), beta, {mean_.tensor(), variance_.tensor(), batches_.tensor()}, mode,
                            options_.numeric, epilogue);
}

}  // namespace models
