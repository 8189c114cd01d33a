#include "kernels/crop_resize.h"

#include "kernels/bilinear_tap.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

namespace kernels::cuda {
namespace {

/// Sizes in 32 bits: 64-bit divisions would cost more than the blending.
struct Sizes {
  int batch, height, width, channels;  // of the images
  int h, w, depth;                     // of the output
  int band;                            // output rows per block
};

struct Source {
  const std::uint8_t* images;
  const std::int32_t* boxes;  // or null
  const std::int64_t* bits;   // or null
  bool bits_per_view;
};

/// x / 255, rounded like the division, which would compile to a function call.
__device__ __forceinline__ float over_255(float x) {
  constexpr float kInverse = 1 / 255.0f;
  const float quotient = x * kInverse;
  return fmaf(fmaf(-quotient, 255.0f, x), kInverse, quotient);
}

// One block per band of rows of one output image. It reads the input pixels of the band once, converts them, blends
// them vertically and keeps the rows in shared memory; each output then blends two values from there.
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) resize_bands(Sizes g, Source from, T* ys) {
  const int bands = ceil_div(g.h, g.band);
  const auto item = static_cast<int>(blockIdx.x) / bands;  // (view, image)
  const int image = item % g.batch, thread = static_cast<int>(threadIdx.x);
  const int first_row = static_cast<int>(blockIdx.x) % bands * g.band, band = min(g.band, g.h - first_row);
  int top = 0, left = 0, box_height = g.height, box_width = g.width;
  if (from.boxes != nullptr) {
    const std::int32_t* box = from.boxes + 4 * static_cast<std::int64_t>(item);
    top = box[0], left = box[1], box_height = box[2], box_width = box[3];
  }

  BilinearTap* taps = dynamic_shared<BilinearTap>();            // for the columns, then for the rows of the band
  float* rows = reinterpret_cast<float*>(taps + g.w + g.band);  // [band][row_size]: vertically blended rows of the box
  const int row_size = box_width * g.channels, pitch = g.width * g.channels;
#pragma unroll 1
  for (int j = thread; j < g.w + band; j += kThreads) {
    const bool column = j < g.w;
    taps[j] = bilinear_tap(column ? j : first_row + j - g.w, column ? box_width : box_height, column ? g.w : g.h);
  }
  __syncthreads();

  const std::uint8_t* corner =
      from.images + (static_cast<std::int64_t>(image) * g.height + top) * pitch + left * g.channels;
  for (int row = thread / kWarp; row < band; row += kThreads / kWarp) {
    const BilinearTap tap = taps[g.w + row];
    const std::uint8_t* above = corner + static_cast<std::int64_t>(tap.first) * pitch;
    const std::uint8_t* below = tap.first + 1 < box_height ? above + pitch : above;
    for (int j = lane_in_warp(); j < row_size; j += kWarp) {
      const auto a = static_cast<float>(above[j]), b = static_cast<float>(below[j]);
      rows[row * row_size + j] = over_255(a + tap.fraction * (b - a));
    }
  }
  __syncthreads();

  const std::uint64_t word =
      from.bits != nullptr ? static_cast<std::uint64_t>(from.bits[from.bits_per_view ? item : image]) : 0;
  const int vectors = g.w * g.depth / kWidth;  // vectors per row
  T* out = ys + (static_cast<std::int64_t>(item) * g.h + first_row) * g.w * g.depth;
  for (int i = thread; i < band * vectors; i += kThreads) {
    const float* row = rows + i / vectors * row_size;
    const int element = i % vectors * kWidth;
    int column = element / g.depth, channel = element % g.depth;
    float values[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      if (channel < g.channels) {
        const BilinearTap tap = taps[column];
        const int first = tap.first * g.channels + channel, second = first + g.channels;
        const float a = row[first];
        values[j] = second < row_size ? a + tap.fraction * (row[second] - a) : a;
      } else {
        values[j] = static_cast<float>(word >> (channel - g.channels) & 1u);
      }
      if (++channel == g.depth) {
        channel = 0;
        ++column;
      }
    }
    write<false>(out + static_cast<std::int64_t>(i) * kWidth, values);
  }
}

/// Shared memory per block: small enough for eight blocks per multiprocessor, and the maximum where one row needs more.
constexpr std::int64_t kSharedBytes = 24 * 1024, kMostSharedBytes = 96 * 1024;

}  // namespace

void crop_resize(const Context& context, const CropResize& args) {
  expect_valid(args);
  const Shape &x = args.images.shape, &y = args.y.shape;
  const std::int64_t h = y[2], w = y[3], depth = y[4];
  constexpr std::int64_t kTapBytes = sizeof(BilinearTap), kNumberBytes = sizeof(float);
  const std::int64_t row_bytes = x[2] * x[3] * kNumberBytes + kTapBytes, column_bytes = w * kTapBytes;
  EXPECTS(row_bytes + column_bytes <= kMostSharedBytes, "crop_resize: the CUDA kernel takes rows of up to ",
          (kMostSharedBytes - column_bytes - kTapBytes) / kNumberBytes, " numbers, W * C, at an output of ", w,
          " pixels, got images ", x);
  // A multiple of the number of warps, since each warp takes one row at a time.
  constexpr std::int64_t kWarps = kThreads / kWarp;
  std::int64_t band = std::max<std::int64_t>(1, std::min(h, (kSharedBytes - column_bytes) / row_bytes));
  if (band < h && band > kWarps) band -= band % kWarps;
  const auto narrowed = [](std::int64_t size) { return static_cast<int>(size); };
  const Sizes sizes{.batch = narrowed(x[0]),
                    .height = narrowed(x[1]),
                    .width = narrowed(x[2]),
                    .channels = narrowed(x[3]),
                    .h = narrowed(h),
                    .w = narrowed(w),
                    .depth = narrowed(depth),
                    .band = narrowed(band)};
  const Source from{.images = args.images.as<std::uint8_t>(),
                    .boxes = args.boxes ? args.boxes.as<std::int32_t>() : nullptr,
                    .bits = args.bit_planes > 0 ? args.bits.as<std::int64_t>() : nullptr,
                    .bits_per_view = args.bit_planes > 0 && args.bits.shape.rank() == 2};
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    T* to = args.y.as<T>();
    with_width<T>(w * depth % kWidest<T> == 0 && aligned({to}), [&](auto width) {
      Launch how = block_each(y[0] * y[1] * ceil_div(h, band), stream(context));
      how.shared_bytes = static_cast<std::size_t>(column_bytes + band * row_bytes);
      launch(how, resize_bands<width.value, T>, sizes, from, to);
    });
  });
}

}  // namespace kernels::cuda
