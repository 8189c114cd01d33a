#include "kernels/crop_resize.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/bilinear_tap.h"
#include "kernels/cpu/loops.h"

namespace kernels::cpu {
namespace {

/// The two neighbours of a source coordinate, in elements from the start of the box, and the weight of the second.
struct Tap {
  std::int32_t first, second;
  float fraction;
};

Tap tap(std::int64_t i, std::int64_t in, std::int64_t out, std::int64_t stride) {
  const auto narrowed = [](std::int64_t size) { return static_cast<std::int32_t>(size); };
  const auto [first, fraction] = bilinear_tap(narrowed(i), narrowed(in), narrowed(out));
  const std::int64_t second = std::min<std::int64_t>(first + 1, in - 1);
  return {static_cast<std::int32_t>(first * stride), static_cast<std::int32_t>(second * stride), fraction};
}

/// row[j] = the blend of two rows of bytes, as 0 to 1.
void blend_rows(const std::uint8_t* above, const std::uint8_t* below, float fraction, std::int64_t count,
                float* __restrict row) {
  for (std::int64_t j = 0; j < count; ++j) {
    const auto a = static_cast<float>(above[j]), b = static_cast<float>(below[j]);
    row[j] = (a + fraction * (b - a)) / 255.0f;
  }
}

/// One row of output pixels [w,depth]: the first `channels` from a blended row.
template <class T>
void blend_columns(const float* __restrict row, const std::vector<Tap>& columns, std::int64_t channels,
                   std::int64_t depth, T* __restrict out) {
  const Tap* taps = columns.data();
  const auto w = static_cast<std::int64_t>(columns.size());
  const auto blend = [=](auto count) {
    for (std::int64_t j = 0; j < w; ++j) {
      for (std::int64_t c = 0; c < count; ++c) {
        const float a = row[taps[j].first + c], b = row[taps[j].second + c];
        out[j * depth + c] = T(a + taps[j].fraction * (b - a));
      }
    }
  };
  switch (channels) {  // a count known to the compiler unrolls the inner loop
    case 1: return blend(std::integral_constant<std::int64_t, 1>());
    case 3: return blend(std::integral_constant<std::int64_t, 3>());
    default: return blend(channels);
  }
}

/// What one thread needs besides input and output.
template <class T>
struct Scratch {
  std::vector<Tap> columns;  // [w]
  std::vector<float> row;    // [box_width,C]: two rows of the box, blended
  std::vector<T> planes;     // [bit_planes]
};

template <class T>
void resize(const CropResize& args, std::int64_t i, Scratch<T>& scratch) {
  const Shape& x = args.images.shape;
  const std::int64_t batch = x[0], channels = x[3], h = args.y.shape[2], w = args.y.shape[3], depth = args.y.shape[4];
  const std::int64_t image = i % batch, pitch = x[2] * channels;
  const std::int32_t whole[4] = {0, 0, static_cast<std::int32_t>(x[1]), static_cast<std::int32_t>(x[2])};
  const std::int32_t* box = args.boxes ? args.boxes.as<std::int32_t>() + 4 * i : whole;
  const std::int64_t box_height = box[2], box_width = box[3];

  for (int p = 0; p < args.bit_planes; ++p) {
    const auto word = static_cast<std::uint32_t>(args.bits.as<std::int32_t>()[2 * image + p / 32]);
    scratch.planes[static_cast<std::size_t>(p)] = T(static_cast<float>(word >> (p % 32) & 1u));
  }
  for (std::int64_t j = 0; j < w; ++j) scratch.columns[static_cast<std::size_t>(j)] = tap(j, box_width, w, channels);

  const std::uint8_t* corner = args.images.as<std::uint8_t>() + (image * x[1] + box[0]) * pitch + box[1] * channels;
  T* out = args.y.as<T>() + i * h * w * depth;
  for (std::int64_t k = 0; k < h; ++k, out += w * depth) {
    const Tap vertical = tap(k, box_height, h, 1);
    blend_rows(corner + vertical.first * pitch, corner + vertical.second * pitch, vertical.fraction,
               box_width * channels, scratch.row.data());
    blend_columns(scratch.row.data(), scratch.columns, channels, depth, out);
    if (args.bit_planes == 0) continue;
    for (std::int64_t j = 0; j < w; ++j) std::ranges::copy(scratch.planes, out + j * depth + channels);
  }
}

template <class T>
void resize_all(const Context& context, const CropResize& args) {
  const Shape& x = args.images.shape;
  const std::int64_t count = args.y.shape[0] * args.y.shape[1];
#pragma omp parallel num_threads(context.threads())
  {
    Scratch<T> scratch{std::vector<Tap>(static_cast<std::size_t>(args.y.shape[3])),
                       std::vector<float>(static_cast<std::size_t>(x[2] * x[3])),
                       std::vector<T>(static_cast<std::size_t>(args.bit_planes))};
#pragma omp for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) resize(args, i, scratch);
  }
}

}  // namespace

void crop_resize(const Context& context, const CropResize& args) {
  expect_valid(args);
  with_float_type(args.y.dtype, [&](auto* type) { resize_all<std::remove_pointer_t<decltype(type)>>(context, args); });
}

}  // namespace kernels::cpu
