#include "models/selective_kernel.h"

#include <algorithm>

#include "engine/ops/selective_kernel.h"

namespace models {

using engine::Tensor;

namespace {

constexpr std::int64_t kReduction = 16, kFewestReduced = 32;

std::int64_t reduced(std::int64_t channels) { return std::max(channels / kReduction, kFewestReduced); }

ConvBn streams(const SelectiveKernel::Scopes& scopes, const SelectiveKernel::Options& o) {
  constexpr std::int64_t kSize = 3;
  return {.convolution = {scopes.convolution,
                          {.in = o.in,
                           .out = 2 * o.out,
                           .size = kSize,
                           .stride = o.stride,
                           .pad = (kSize - 1) / 2,
                           .kernel = o.kernel(kSize * kSize * o.in, kSize * kSize * 2 * o.out)}},
          .batch_norm = {scopes.batch_norm, 2 * o.out, {.numeric = o.batch_norm}}};
}

Linear linear(const engine::Scope& scope, std::int64_t in, std::int64_t out, const SelectiveKernel::Options& options) {
  return {scope, {.in = in, .out = out, .kernel = options.kernel(in, out)}};
}

}  // namespace

SelectiveKernel::SelectiveKernel(const Scopes& scopes, const Options& options)
    : name_(scopes.select.name()),
      streams_(streams(scopes, options)),
      reduce_(linear(scopes.select / "reduce", options.out, reduced(options.out), options)),
      batch_norm_(scopes.select / "bn", reduced(options.out), {.numeric = options.batch_norm}),
      expand_(linear(scopes.select / "expand", reduced(options.out), 2 * options.out, options)) {}

Tensor SelectiveKernel::operator()(const Tensor& x, engine::Mode mode) const {
  const Tensor both = streams_(x, mode, {.relu = true});
  const engine::LayerRange layer(x.context(), name_);
  const Tensor seen = batch_norm_(reduce_(engine::pool_streams(both), mode), mode, {.relu = true});
  return engine::merge_streams(both, expand_(seen, mode, {.f32_output = true}));
}

}  // namespace models
