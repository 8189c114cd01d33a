#include "kernels/crop_resize.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include "kernels/bilinear_tap.h"
#include "kernels/cpu/simd.h"
#include "kernels/float_types.h"

namespace kernels::cpu {
namespace {

/// Bytes as floats from 0 to 1: a table lookup is faster than conversion and division.
constexpr std::array<float, 256> kUnit = [] {
  std::array<float, 256> unit{};
  for (int i = 0; i < 256; ++i) unit[static_cast<std::size_t>(i)] = static_cast<float>(i) / 255.0f;
  return unit;
}();

/// The two neighbours of a source coordinate, in elements from the start of the box, and the weight of the second.
struct Tap {
  std::int64_t first, second;
  float fraction;
};

Tap tap(std::int64_t i, std::int64_t in, std::int64_t out, std::int64_t stride) {
  const auto narrowed = [](std::int64_t size) { return static_cast<std::int32_t>(size); };
  const auto [first, fraction] = bilinear_tap(narrowed(i), narrowed(in), narrowed(out));
  return {first * stride, std::min<std::int64_t>(first + 1, in - 1) * stride, fraction};
}

/// row[w,depth]: the channels of one row of the box, resized to the output width. Bit planes are left unchanged.
void blend_columns(const std::uint8_t* from, const std::vector<Tap>& columns, std::int64_t channels, std::int64_t depth,
                   float* __restrict row) {
  const auto blend = [&](auto count) {
    for (const Tap& tap : columns) {
      for (std::int64_t c = 0; c < count; ++c) {
        const float a = kUnit[from[tap.first + c]], b = kUnit[from[tap.second + c]];
        row[c] = a + tap.fraction * (b - a);
      }
      row += depth;
    }
  };
  switch (channels) {  // a constant number of channels unrolls the inner loop
    case 1: return blend(std::integral_constant<std::int64_t, 1>());
    case 3: return blend(std::integral_constant<std::int64_t, 3>());
    default: return blend(channels);
  }
}

/// The rows of a box, resized to the output width, with bit planes. Caches the last even and the last odd row: the two
/// neighbours of an output row, which are often also those of the next one.
class BoxRows {
 public:
  BoxRows(std::int64_t width, std::int64_t channels, std::int64_t bit_planes)
      : channels_(channels), depth_(channels + bit_planes), columns_(static_cast<std::size_t>(width)) {
    for (std::vector<float>& row : rows_) row.resize(columns_.size() * static_cast<std::size_t>(depth_));
  }

  /// corner: the box's first pixel, in an image with rows of `pitch` bytes. bits: one per plane, the lowest first.
  void start(const std::uint8_t* corner, std::int64_t pitch, std::int64_t box_width, std::uint64_t bits) {
    corner_ = corner;
    pitch_ = pitch;
    held_ = {-1, -1};
    const auto width = static_cast<std::int64_t>(columns_.size());
    for (std::int64_t j = 0; j < width; ++j) {
      columns_[static_cast<std::size_t>(j)] = tap(j, box_width, width, channels_);
      for (std::int64_t p = 0; p < depth_ - channels_; ++p) {
        for (std::vector<float>& row : rows_) {
          row[static_cast<std::size_t>(j * depth_ + channels_ + p)] = static_cast<float>(bits >> p & 1u);
        }
      }
    }
  }

  const float* operator[](std::int64_t i) {
    const auto slot = static_cast<std::size_t>(i % 2);
    float* row = rows_[slot].data();
    if (held_[slot] != i) blend_columns(corner_ + i * pitch_, columns_, channels_, depth_, row);
    held_[slot] = i;
    return row;
  }

 private:
  std::int64_t channels_, depth_;
  std::vector<Tap> columns_;                // [w]
  std::array<std::vector<float>, 2> rows_;  // [w,depth]
  std::array<std::int64_t, 2> held_{};
  const std::uint8_t* corner_ = nullptr;
  std::int64_t pitch_ = 0;
};

template <class T>
void resize(const CropResize& args, std::int64_t i, BoxRows& rows) {
  const Shape& x = args.images.shape;
  const std::int64_t batch = x[0], channels = x[3], h = args.y.shape[2], size = args.y.shape[3] * args.y.shape[4];
  const std::int64_t image = i % batch, pitch = x[2] * channels;
  const std::int32_t whole[4] = {0, 0, static_cast<std::int32_t>(x[1]), static_cast<std::int32_t>(x[2])};
  const std::int32_t* box = args.boxes ? args.boxes.as<std::int32_t>() + 4 * i : whole;
  rows.start(args.images.as<std::uint8_t>() + (image * x[1] + box[0]) * pitch + box[1] * channels, pitch, box[3],
             args.bit_planes > 0
                 ? static_cast<std::uint64_t>(args.bits.as<std::int64_t>()[args.bits.shape.rank() == 1 ? image : i])
                 : 0);
  T* out = args.y.as<T>() + i * h * size;
  for (std::int64_t k = 0; k < h; ++k, out += size) {
    const Tap vertical = tap(k, box[2], h, 1);
    const float *above = rows[vertical.first], *below = rows[vertical.second], fraction = vertical.fraction;
    for_each_vector(size, [=]<class V>(std::int64_t j, V) {
      const V a = load_as<V>(above + j), b = load_as<V>(below + j);
      store(out + j, a + fraction * (b - a));
    });
  }
}

template <class T>
void resize_all(const Context& context, const CropResize& args) {
  const std::int64_t count = args.y.shape[0] * args.y.shape[1];
#pragma omp parallel num_threads(context.threads())
  {
    BoxRows rows(args.y.shape[3], args.images.shape[3], args.bit_planes);
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) resize<T>(args, i, rows);
  }
}

}  // namespace

void crop_resize(const Context& context, const CropResize& args) {
  expect_valid(args);
  with_float_type(args.y.dtype, [&](auto* type) { resize_all<std::remove_pointer_t<decltype(type)>>(context, args); });
}

}  // namespace kernels::cpu
