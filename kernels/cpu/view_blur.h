#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/augmentation.h"
#include "kernels/color.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {

/// A Gaussian blur of planes, a row at a time: vertically into a row with zeros at both ends, then along that row.
class ViewBlur {
 public:
  ViewBlur(std::int64_t h, std::int64_t w)
      : h_(h),
        w_(w),
        radius_(blur_radius(h)),
        weights_(static_cast<std::size_t>(radius_) + 1),
        row_(static_cast<std::size_t>(w + 2 * radius_)) {}

  std::int64_t radius() const { return radius_; }

  void start(float sigma) {
    const double scale = 2 * static_cast<double>(sigma) * static_cast<double>(sigma);
    double sum = 0;
    std::vector<double>& exact = exact_;
    exact.assign(weights_.size(), 0);
    for (std::int64_t x = 0; x <= radius_; ++x) {
      exact[static_cast<std::size_t>(x)] = std::exp(-static_cast<double>(x * x) / scale);
      sum += (x == 0 ? 1 : 2) * exact[static_cast<std::size_t>(x)];
    }
    for (std::size_t x = 0; x < exact.size(); ++x) weights_[x] = static_cast<float>(exact[x] / sum);
  }

  /// out[w]: row i of a plane [h,w], blurred and clipped.
  void row(const float* plane, std::int64_t i, float* out) {
    float* middle = row_.data() + radius_;
    const std::int64_t above = std::min(radius_, i), below = std::min(radius_, h_ - 1 - i);
    for_each_vector(w_, [&]<class V>(std::int64_t j, V) {
      const float* at = plane + i * w_ + j;
      V sum = weights_[0] * load_as<V>(at);
      for (std::int64_t t = 1; t <= above; ++t) sum += weights_[static_cast<std::size_t>(t)] * load_as<V>(at - t * w_);
      for (std::int64_t t = 1; t <= below; ++t) sum += weights_[static_cast<std::size_t>(t)] * load_as<V>(at + t * w_);
      store(middle + j, sum);
    });
    for_each_vector(w_, [&]<class V>(std::int64_t j, V) {
      const float* at = middle + j;
      V sum = weights_[0] * load_as<V>(at);
      for (std::int64_t t = 1; t <= radius_; ++t)
        sum += weights_[static_cast<std::size_t>(t)] * (load_as<V>(at - t) + load_as<V>(at + t));
      store(out + j, color::clipped(sum));
    });
  }

 private:
  std::int64_t h_, w_, radius_;
  std::vector<float> weights_;  // of the middle, and of each distance
  std::vector<double> exact_;
  std::vector<float> row_;  // [radius + w + radius]
};

}  // namespace kernels::cpu
