#pragma once
#include <cstdint>
#include <vector>

#include "kernels/augmentation.h"
#include "kernels/cpu/simd.h"
#include "kernels/resampling.h"

namespace kernels::cpu {

/// A u8 image: its first pixel, its size, and how many channels a pixel has.
struct ImageBytes {
  const std::uint8_t* first;
  std::int64_t height, width, channels;
};

/// The rows of a box of an image, resized to h x w, as planes of numbers from 0 to 1: vertically first, because
/// neighbouring rows are contiguous, then horizontally.
class BoxResizer {
 public:
  BoxResizer(std::int64_t h, std::int64_t w, std::int64_t channels, Interpolation interpolation)
      : h_(static_cast<std::int32_t>(h)),
        w_(static_cast<std::int32_t>(w)),
        channels_(channels),
        interpolation_(interpolation),
        columns_(static_cast<std::size_t>(w)) {}

  void start(const ImageBytes& image, const CropBox& box, bool mirrored) {
    pitch_ = image.width * channels_;
    corner_ = image.first + box.y * pitch_ + box.x * channels_;
    height_ = box.height;
    width_ = box.width;
    row_.resize(static_cast<std::size_t>(width_ * channels_) + kBeyond);
    for (std::int32_t j = 0; j < w_; ++j) {
      const auto place = static_cast<std::size_t>(mirrored ? w_ - 1 - j : j);
      columns_[place] = resample_taps(j, width_, w_, interpolation_);
    }
  }

  /// Writes row i to out + c * plane for each channel c.
  void row(std::int64_t i, float* out, std::int64_t plane) {
    blend_rows(resample_taps(static_cast<std::int32_t>(i), height_, h_, interpolation_));
    if (channels_ == 3) {
      blend_columns_of_rgb(out, plane);
    } else {
      blend_columns(out, plane);
    }
  }

 private:
  static constexpr std::size_t kBeyond = 16;  // the last pixel's taps are read in fours
  typedef float Quad __attribute__((vector_size(16)));
  typedef std::int32_t Lanes __attribute__((vector_size(16)));

  void blend_rows(const ResampleTaps& taps) {
    const std::uint8_t* rows[kMostTaps];
    float weights[kMostTaps];
    int count = 0;
    for (int k = 0; k < taps.count; ++k) {
      if (taps.weight[k] == 0) continue;  // of images at their own size only one is left
      rows[count] = corner_ + (taps.first + k) * pitch_;
      weights[count++] = taps.weight[k];
    }
    switch (count) {  // a constant number of rows unrolls the inner loop
      case 1: return blend<1>(rows, weights);
      case 2: return blend<2>(rows, weights);
      case 3: return blend<3>(rows, weights);
      default: return blend<4>(rows, weights);
    }
  }

  template <int kRows>
  void blend(const std::uint8_t* const* rows, const float* weights) {
    const std::int64_t size = static_cast<std::int64_t>(width_) * channels_;
    float* out = row_.data();
    std::int64_t j = 0;
    for (; j + kLanes <= size; j += kLanes) {
      Floats sum = weights[0] * __builtin_convertvector(load(rows[0] + j), Floats);
      for (int k = 1; k < kRows; ++k) sum += weights[k] * __builtin_convertvector(load(rows[k] + j), Floats);
      store(out + j, sum);
    }
    for (; j < size; ++j) {
      float sum = weights[0] * static_cast<float>(rows[0][j]);
      for (int k = 1; k < kRows; ++k) sum += weights[k] * static_cast<float>(rows[k][j]);
      out[j] = sum;
    }
  }

  void blend_columns_of_rgb(float* out, std::int64_t plane) const {
    switch (taps_of(interpolation_, width_)) {
      case 1: return blend_rgb<1>(out, plane);
      case 2: return blend_rgb<2>(out, plane);
      case 3: return blend_rgb<3>(out, plane);
      default: return blend_rgb<4>(out, plane);
    }
  }

  /// All three channels of a pixel, and one value of the next pixel, at a time.
  template <int kTaps>
  void blend_rgb(float* out, std::int64_t plane) const {
    const ResampleTaps* columns = columns_.data();
    const float* row = row_.data();
    const auto pixel = [&](std::int64_t j) {
      const ResampleTaps& taps = columns[j];
      const float* from = row + 3 * static_cast<std::int64_t>(taps.first);
      Quad sum = taps.weight[0] * quad(from);
      for (int k = 1; k < kTaps; ++k) sum += taps.weight[k] * quad(from + 3 * k);
      return sum;
    };
    std::int64_t j = 0;
    for (; j + 4 <= w_; j += 4) {  // four pixels become four values of each plane
      const Quad a = pixel(j), b = pixel(j + 1), c = pixel(j + 2), d = pixel(j + 3);
      const Quad ab = __builtin_shuffle(a, b, Lanes{0, 4, 1, 5}), blue_ab = __builtin_shuffle(a, b, Lanes{2, 6, 2, 6});
      const Quad cd = __builtin_shuffle(c, d, Lanes{0, 4, 1, 5}), blue_cd = __builtin_shuffle(c, d, Lanes{2, 6, 2, 6});
      put(out + j, __builtin_shuffle(ab, cd, Lanes{0, 1, 4, 5}) / 255.0f);
      put(out + plane + j, __builtin_shuffle(ab, cd, Lanes{2, 3, 6, 7}) / 255.0f);
      put(out + 2 * plane + j, __builtin_shuffle(blue_ab, blue_cd, Lanes{0, 1, 4, 5}) / 255.0f);
    }
    for (; j < w_; ++j) {
      const Quad last = pixel(j) / 255.0f;
      for (std::int64_t c = 0; c < 3; ++c) out[c * plane + j] = last[c];
    }
  }

  void blend_columns(float* out, std::int64_t plane) const {
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t j = 0; j < w_; ++j) {
        const ResampleTaps& taps = columns_[static_cast<std::size_t>(j)];
        const float* from = row_.data() + taps.first * channels_ + c;
        float sum = 0;
        for (int k = 0; k < taps.count; ++k) sum += taps.weight[k] * from[k * channels_];
        out[c * plane + j] = sum / 255.0f;
      }
    }
  }

  static Quad quad(const float* from) {
    Quad values;
    std::memcpy(&values, from, sizeof values);
    return values;
  }
  static void put(float* to, Quad values) { std::memcpy(to, &values, sizeof values); }

  std::int32_t h_, w_;
  std::int64_t channels_;
  Interpolation interpolation_;
  std::vector<ResampleTaps> columns_;  // [w]
  std::vector<float> row_;             // [box width, C], from 0 to 255
  const std::uint8_t* corner_ = nullptr;
  std::int64_t pitch_ = 0;
  std::int32_t height_ = 0, width_ = 0;  // of the box
};

}  // namespace kernels::cpu
