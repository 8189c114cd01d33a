#pragma once
#include "kernels/augment.h"
#include "kernels/cases/kernel_case.h"

namespace kernels {

struct AugmentExample {
  AugmentationRules rules;
  std::int64_t views = 1, h = 1, w = 1, channels = 3;
  std::vector<std::pair<std::int64_t, std::int64_t>> images = {};  ///< height and width of each
  std::vector<AugmentationDraw> draws = {};                        ///< [views,B]
  std::vector<double> pixels = {};                                 ///< 0 to 255, of all images
  int bit_planes = 0;
  std::vector<double> bits = {};  ///< [B] or [views,B], or none without planes
  Dtype dtype = Dtype::f32;
  bool skewed = false;
};

KernelCase<Augment> augment_case(const AugmentExample& example);

/// A draw's words, as a case holds them.
void append_words(const AugmentationDraw& draw, std::vector<double>& words);

}  // namespace kernels
