#include "apps/evaluation/column_scaling.h"

#include <cmath>

#include "kernels/batch_norm.h"

namespace apps {

using engine::Tensor;

ColumnMoments ColumnMoments::of(const Tensor& rows) {
  const std::int64_t columns = rows.shape()[1];
  const Tensor moments = Tensor::empty(rows.context(), {3, columns}, engine::Dtype::f64);
  kernels::batch_norm_moments(rows.context(), {.x = rows, .moments = moments});
  const std::vector<double> values = moments.to_host<double>();  // counts, means, sums of squared differences
  const auto row = [&](std::int64_t i) { return values.begin() + i * columns; };
  ColumnMoments result{.mean = {row(1), row(2)}, .variance = {row(2), row(3)}};
  for (double& sum : result.variance) sum /= static_cast<double>(rows.shape()[0]);
  return result;
}

ColumnScaling::ColumnScaling(const engine::Context& context, const std::vector<double>& mean, std::vector<float> scale)
    : mean_(mean.begin(), mean.end()), scale_(std::move(scale)) {
  const auto columns = static_cast<std::int64_t>(mean_.size());
  device_mean_ = Tensor::from(context, {columns}, mean_);
  device_scale_ = Tensor::from(context, {columns}, scale_);
  ones_ = Tensor::from(context, {columns}, std::vector<float>(mean_.size(), 1.0f));
}

ColumnScaling ColumnScaling::centre(const engine::Context& context, const ColumnMoments& moments, float factor) {
  return {context, moments.mean, std::vector<float>(moments.mean.size(), factor)};
}

ColumnScaling ColumnScaling::standardize(const engine::Context& context, const ColumnMoments& moments) {
  constexpr double kRounding = 1e-12;
  std::vector<float> scale;
  for (std::size_t i = 0; i < moments.mean.size(); ++i) {
    const double mean = moments.mean[i], variance = moments.variance[i];
    const bool varies = variance > kRounding * (mean * mean + variance);
    scale.push_back(varies ? static_cast<float>(1 / std::sqrt(variance)) : 0.0f);
  }
  return {context, moments.mean, std::move(scale)};
}

Tensor ColumnScaling::operator()(const Tensor& x) const {
  Tensor y = Tensor::empty(x.context(), x.shape());
  kernels::batch_norm_apply(x.context(), {.x = x,
                                          .residual = {},
                                          .mean = device_mean_,
                                          .inv_std = device_scale_,
                                          .gamma = ones_,
                                          .beta = {},
                                          .y = y,
                                          .relu = false});
  return y;
}

void ColumnScaling::fold_into(std::vector<float>& weight, std::vector<float>& bias) const {
  float* w = weight.data();
  for (float& b : bias) {
    double shift = 0;
    for (std::size_t i = 0; i < scale_.size(); ++i, ++w) {
      const double scaled = static_cast<double>(*w) * static_cast<double>(scale_[i]);
      shift += scaled * static_cast<double>(mean_[i]);
      *w = static_cast<float>(scaled);
    }
    b = static_cast<float>(static_cast<double>(b) - shift);
  }
}

}  // namespace apps
