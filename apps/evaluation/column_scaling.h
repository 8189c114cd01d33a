#pragma once
#include <vector>

#include "engine/tensor.h"

namespace apps {

/// Mean and variance (divided by N) of each column of f32 [N,F], by the kernel of the batch norm.
struct ColumnMoments {
  std::vector<double> mean, variance;

  static ColumnMoments of(const engine::Tensor& rows);
};

/// y = (x - mean) * scale, column by column.
class ColumnScaling {
 public:
  /// Rows less their mean, times `factor`.
  static ColumnScaling centre(const engine::Context& context, const ColumnMoments& moments, float factor);
  /// Rows less their mean, divided by their standard deviation. A column that does not vary becomes 0, in other rows
  /// too: one whose variance is at most 1e-12 of its mean square, which is rounding.
  static ColumnScaling standardize(const engine::Context& context, const ColumnMoments& moments);

  /// x: f32 [N,F]
  engine::Tensor operator()(const engine::Tensor& x) const;

  /// Makes a linear classifier of scaled rows, weight [K,F] and bias [K], the one with the same scores on rows as they
  /// are.
  void fold_into(std::vector<float>& weight, std::vector<float>& bias) const;

 private:
  ColumnScaling(const engine::Context& context, const std::vector<double>& mean, std::vector<float> scale);

  std::vector<float> mean_, scale_;
  engine::Tensor device_mean_, device_scale_, ones_;
};

}  // namespace apps
