#pragma once
#include <array>
#include <cstdint>

#include "kernels/augmentation.h"
#include "kernels/color.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {

/// The colour operations of one view, on a row of its planes at a time. The contrast needs the mean of whole planes:
/// so `before` does what comes first, and notes the sums; once that has been called for every row, `after` does the
/// rest.
class ViewColors {
 public:
  ViewColors(const AugmentationRules& rules, const AugmentationDraw& draw, std::int64_t channels)
      : rules_(rules), draw_(draw), channels_(channels) {
    if (rules.jitter > 0 && draw.jitter != 0)
      while (draw.operation(contrast_) != ColorOperation::contrast) ++contrast_;
    else
      contrast_ = kColorOperations;
  }

  /// Whether there is anything to do after the last row.
  bool has_contrast() const { return contrast_ < kColorOperations; }

  void before(float* row, std::int64_t plane, std::int64_t w) {
    if (!has_contrast()) return finish(row, plane, w);
    for (int place = 0; place < contrast_; ++place) apply(draw_.operation(place), row, plane, w);
    for (std::int64_t c = 0; c < channels_; ++c) {
      LaneSums sum;
      const float* values = row + c * plane;
      for_each_vector(w, [&]<class V>(std::int64_t j, V) { sum += load_as<V>(values + j); });
      sums_[static_cast<std::size_t>(c)] += static_cast<double>(sum.total());
    }
    pixels_ += w;
  }

  void after(float* row, std::int64_t plane, std::int64_t w) const {
    for (int place = contrast_; place < kColorOperations; ++place) apply(draw_.operation(place), row, plane, w);
    finish(row, plane, w);
  }

 private:
  static constexpr std::size_t kMostChannels = 3;  // of images with colour jitter

  void apply(ColorOperation operation, float* row, std::int64_t plane, std::int64_t w) const {
    switch (operation) {
      case ColorOperation::brightness:
        if (rules_.brightness == Brightness::multiply)
          return each(row, plane, w, [factor = draw_.brightness](auto x, std::int64_t) { return x * factor; });
        return each(row, plane, w, [more = draw_.brightness](auto x, std::int64_t) { return x + more; });
      case ColorOperation::contrast:
        return each(row, plane, w, [this](auto x, std::int64_t c) {
          const double mean = sums_[static_cast<std::size_t>(c)] / static_cast<double>(pixels_);
          return color::contrast(x, static_cast<float>(mean), draw_.contrast);
        });
      case ColorOperation::saturation:
        return mix(row, plane, w, [this](auto& r, auto& g, auto& b) { color::saturate(r, g, b, draw_.saturation); });
      case ColorOperation::hue:
        return mix(row, plane, w, [this](auto& r, auto& g, auto& b) { color::turn_hue(r, g, b, draw_.hue); });
    }
  }

  void finish(float* row, std::int64_t plane, std::int64_t w) const {
    if (rules_.gray > 0 && draw_.gray != 0 && channels_ == 3)
      mix(row, plane, w, [](auto& r, auto& g, auto& b) { r = g = b = color::gray(r, g, b); });
    else
      each(row, plane, w, [](auto x, std::int64_t) { return x; });
  }

  /// An operation on each channel by itself, then clipped.
  template <class Operation>
  void each(float* row, std::int64_t plane, std::int64_t w, const Operation& operation) const {
    for (std::int64_t c = 0; c < channels_; ++c) {
      float* values = row + c * plane;
      for_each_vector(w, [=]<class V>(std::int64_t j, V) {
        store(values + j, color::clipped(operation(load_as<V>(values + j), c)));
      });
    }
  }

  /// An operation on the three channels of a pixel, then clipped. Images of one channel have none.
  template <class Operation>
  void mix(float* row, std::int64_t plane, std::int64_t w, const Operation& operation) const {
    if (channels_ != 3) return;
    for_each_vector(w, [&]<class V>(std::int64_t j, V) {
      V r = load_as<V>(row + j), g = load_as<V>(row + plane + j), b = load_as<V>(row + 2 * plane + j);
      operation(r, g, b);
      store(row + j, color::clipped(r));
      store(row + plane + j, color::clipped(g));
      store(row + 2 * plane + j, color::clipped(b));
    });
  }

  const AugmentationRules& rules_;
  const AugmentationDraw& draw_;
  std::int64_t channels_;
  int contrast_ = 0;  // its place in the order
  std::array<double, kMostChannels> sums_{};
  std::int64_t pixels_ = 0;
};

}  // namespace kernels::cpu
