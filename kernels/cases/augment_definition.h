#pragma once
#include <vector>

#include "kernels/augmentation.h"

namespace kernels {

/// The pipeline of kernels/augment.h in double, one view after another, from the formulas. It shares no code with the
/// kernels.
class AugmentDefinition {
 public:
  AugmentDefinition(const AugmentationRules& rules, std::int64_t h, std::int64_t w, std::int64_t channels)
      : rules_(rules), h_(h), w_(w), channels_(channels) {}

  /// The view [h,w,C] of an image [H,W,C], 0 to 255, of which a row has `pitch` numbers.
  std::vector<double> view(const double* image, std::int64_t pitch, const AugmentationDraw& draw) const;

 private:
  using Values = std::vector<double>;

  Values resized(const double* image, std::int64_t pitch, const AugmentationDraw& draw) const;
  /// [out,in]
  std::vector<Values> resize_weights(std::int64_t in, std::int64_t out) const;
  void change(Values& view, ColorOperation operation, const AugmentationDraw& draw) const;
  /// Calls body(pixel), its first channel, for each.
  template <class Body>
  void for_each_pixel(Values& view, const Body& body) const;
  Values blurred(const Values& view, double sigma) const;

  AugmentationRules rules_;
  std::int64_t h_, w_, channels_;
};

}  // namespace kernels
