#pragma once
#include "kernels/augmentation.h"
#include "kernels/kernel.h"

namespace kernels {

/// What is drawn for each view of each image of a batch: draws[v,b] = draw_augmentation(seed, v, counters[b], ...).
struct DrawAugmentations {
  std::uint64_t seed;
  AugmentationRules rules;
  std::int64_t height, width;  // of the views, pixels
  ConstView extents;           // i32 [B,2]: height and width of each image
  ConstView counters;          // i64 [B]: epoch * examples + example
  View draws;                  // i32 [views,B,kDrawWords]: an AugmentationDraw each
  /// i64 [1]: the counter of the first image of the batch, where `counters` are of a part of it; absent: counters[0].
  ConstView first = {};

  const std::int64_t* first_counter() const { return first ? first.as<std::int64_t>() : counters.as<std::int64_t>(); }

  Cost cost() const { return {.bytes = bytes_of(extents) + bytes_of(counters) + bytes_of(draws)}; }
};

/// Throws when the shapes do not match or a rule is out of range.
void expect_valid(const DrawAugmentations& args);

KERNEL(draw_augmentations, DrawAugmentations);

}  // namespace kernels
