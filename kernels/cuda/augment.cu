#include "kernels/augment.h"

#include "kernels/color.h"
#include "kernels/cuda/augment_blur.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/block_sum.h"
#include "kernels/cuda/view_tiles.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

// Up to three launches: resize_views reads the images and does all that comes before the contrast's mean; finish_colors
// does the rest where there is jitter; blur_views blurs. A view goes to y from the last launch that has something to do
// for it, and from one to the next in f32. Draws are read on the device only: a grid follows from the sizes of y.
namespace kernels::cuda {
namespace {

/// What the rules have.
struct Parts {
  bool jitter, adds_brightness, gray, blur;
};

struct Images {
  const std::uint8_t* pixels;
  const std::int64_t* offsets;
  const std::int32_t* extents;  // height and width
};

/// Where views go. Null where no view of the rules needs it.
template <class T>
struct ViewsTo {
  float* staged;  // [items,h,w,C]
  float* sums;    // [items,tiles,C]: each tile's sums of the values that the contrast's mean is of
  T* y;
};

template <int kTaps>
struct Taps {  // of an odd number of words: a warp reads 32 of them without bank conflicts
  std::int32_t first;
  float weight[kTaps];
};
template <int kTaps>
__device__ Taps<kTaps> taps_at(int i, int in, int out) {
  const auto all = resample_taps(i, in, out, kTaps == 4 ? Interpolation::bicubic : Interpolation::bilinear);
  Taps<kTaps> taps;
  taps.first = all.first;
#pragma unroll
  for (int k = 0; k < kTaps; ++k) taps.weight[k] = all.weight[k];
  return taps;
}

/// x / 255, rounded like the division, which would compile to a function call.
__device__ __forceinline__ float over_255(float x) {
  constexpr float kInverse = 1 / 255.0f;
  const float quotient = x * kInverse;
  return fmaf(fmaf(-quotient, 255.0f, x), kInverse, quotient);
}

/// Blocks that a multiprocessor shall hold: the compiler takes 64 registers for that, without spilling.
constexpr int kBlocks = 4;

/// One operation of the jitter on the channels of a pixel.
template <int kGroup>
__device__ __forceinline__ void change(ColorOperation operation, const AugmentationDraw& draw, const Parts& parts,
                                       const float* mean, float (&x)[kGroup]) {
  if (operation == ColorOperation::brightness) {
#pragma unroll
    for (int c = 0; c < kGroup; ++c) x[c] = parts.adds_brightness ? x[c] + draw.brightness : x[c] * draw.brightness;
  } else if (operation == ColorOperation::contrast) {
#pragma unroll
    for (int c = 0; c < kGroup; ++c) x[c] = color::contrast(x[c], mean[c], draw.contrast);
  } else if constexpr (kGroup == 3) {
    if (operation == ColorOperation::saturation)
      color::saturate(x[0], x[1], x[2], draw.saturation);
    else
      color::turn_hue(x[0], x[1], x[2], draw.hue);
  } else {
    return;  // a grey image has no colours: nor are its values clipped here
  }
#pragma unroll
  for (int c = 0; c < kGroup; ++c) x[c] = color::clipped(x[c]);
}

/// What follows the jitter.
template <int kGroup>
__device__ __forceinline__ void finish(const AugmentationDraw& draw, const Parts& parts, float (&x)[kGroup]) {
  if constexpr (kGroup == 3) {
    if (parts.gray && draw.gray != 0) x[0] = x[1] = x[2] = color::gray(x[0], x[1], x[2]);
  }
#pragma unroll
  for (int c = 0; c < kGroup; ++c) x[c] = color::clipped(x[c]);
}

__device__ inline int contrast_place(const AugmentationDraw& draw) {
  int place = 0;
  while (draw.operation(place) != ColorOperation::contrast) ++place;
  return place;
}

/// Calls body(row, column, channel) for each pixel of a tile, or for each channel of each pixel where kGroup is 1: a
/// warp has a row at a time.
template <int kGroup, class Body>
__device__ __forceinline__ void for_each_pixel(const ViewTile& tile, int channels, const Body& body) {
  const int groups = channels / kGroup, count = tile.columns * groups;
  for (int row = static_cast<int>(threadIdx.x) / kWarp; row < tile.rows; row += kThreads / kWarp) {
    for (int i = lane_in_warp(); i < count; i += kWarp) body(row, i / groups, i % groups);
  }
}

/// A tile's values to y, or to what the next launch reads.
template <int kWidth, class T>
__device__ __forceinline__ void pass_on(const ViewTiles& g, const ViewTile& tile, const float* values,
                                        const ViewsTo<T>& to, PlaneBits bits, bool finished) {
  if (finished) {
    store_tile<kWidth>(g, tile, values, g.depth, bits.of(tile), to.y);
  } else {
    store_tile<kWidth == 1 ? 1 : kWidest<float>>(g, tile, values, g.channels, 0, to.staged);
  }
}

// One block per tile of one view. A pixel is made of its kTaps x kTaps neighbours, straight from the image: so an image
// may have any size. kGroup channels are computed together: all three of a colour image, because colour operations need
// them, or one.
template <int kTaps, int kGroup, int kWidth, class T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    resize_views(ViewTiles g, Images from, const AugmentationDraw* draws, Parts parts, PlaneBits bits, ViewsTo<T> to) {
  const ViewTile tile = tile_of_block(g);
  const AugmentationDraw draw = draws[tile.item];
  const auto thread = static_cast<int>(threadIdx.x);
  auto* values = dynamic_shared<float>();
  auto* column_taps = reinterpret_cast<Taps<kTaps>*>(values + g.rows * g.pitch());
  auto* row_taps = column_taps + g.columns;
#pragma unroll 1
  for (int i = thread; i < tile.columns + tile.rows; i += kThreads) {
    if (i < tile.columns) {
      const int column = tile.column + i;
      column_taps[i] = taps_at<kTaps>(draw.flip != 0 ? g.w - 1 - column : column, draw.box.width, g.w);
    } else {
      row_taps[i - tile.columns] = taps_at<kTaps>(tile.row + i - tile.columns, draw.box.height, g.h);
    }
  }
  __syncthreads();

  // Smaller boxes have fewer neighbours; the others get the first one's address and a weight of 0.
  constexpr Interpolation kKind = kTaps == 4 ? Interpolation::bicubic : Interpolation::bilinear;
  const int down = taps_of(kKind, draw.box.height), across = taps_of(kKind, draw.box.width);
  const int channels = kGroup == 3 ? 3 : g.channels, pitch = from.extents[2 * tile.image + 1] * channels;
  const std::uint8_t* corner =
      from.pixels + from.offsets[tile.image] + static_cast<std::int64_t>(draw.box.y) * pitch + draw.box.x * channels;
  const bool jitter = parts.jitter && draw.jitter != 0;
  const int contrast = jitter ? contrast_place(draw) : 0;
  float sums[kGroup] = {};
  for_each_pixel<kGroup>(tile, channels, [&](int row, int column, int channel) {
    const Taps<kTaps>& rows = row_taps[row];
    const Taps<kTaps> columns = column_taps[column];
    const int first = columns.first * channels + channel;
    float x[kGroup] = {};
#pragma unroll 1  // twelve loads at a time: all of them would take 128 registers
    for (int k = 0; k < kTaps; ++k) {
      const std::uint8_t* line = corner + static_cast<std::int64_t>(rows.first + (k < down ? k : 0)) * pitch + first;
      float blended[kGroup] = {};
#pragma unroll
      for (int j = 0; j < kTaps; ++j) {
        const std::uint8_t* neighbour = line + (j < across ? j * channels : 0);
#pragma unroll
        for (int c = 0; c < kGroup; ++c) blended[c] += columns.weight[j] * static_cast<float>(neighbour[c]);
      }
#pragma unroll
      for (int c = 0; c < kGroup; ++c) x[c] += rows.weight[k] * blended[c];
    }
#pragma unroll
    for (int c = 0; c < kGroup; ++c) x[c] = over_255(x[c]);
    if (jitter) {
#pragma unroll 1
      for (int place = 0; place < contrast; ++place) change(draw.operation(place), draw, parts, nullptr, x);
#pragma unroll
      for (int c = 0; c < kGroup; ++c) sums[c] += x[c];
    } else {
      finish(draw, parts, x);
    }
#pragma unroll
    for (int c = 0; c < kGroup; ++c) values[row * g.pitch() + column * channels + channel + c] = x[c];
  });
  if (jitter) {
    for (int c = 0; c < kGroup; ++c) {
      const float sum = block_sum(sums[c]);
      if (thread == 0) to.sums[static_cast<std::int64_t>(blockIdx.x) * kGroup + c] = sum;
    }
  }
  __syncthreads();
  pass_on<kWidth>(g, tile, values, to, bits, !jitter && !(parts.blur && draw.sigma > 0));
}

// One block per tile of one view; those of views without jitter have nothing to do.
template <int kGroup, int kWidth, class T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    finish_colors(ViewTiles g, const AugmentationDraw* draws, Parts parts, PlaneBits bits, ViewsTo<T> to) {
  const ViewTile tile = tile_of_block(g);
  const AugmentationDraw draw = draws[tile.item];
  if (draw.jitter == 0) return;
  __shared__ float means[kGroup];
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  if (warp < kGroup) {
    const float* sums = to.sums + tile.item * g.tiles() * kGroup + warp;
    double sum = 0;
    for (int i = lane_in_warp(); i < g.tiles(); i += kWarp) sum += sums[static_cast<std::int64_t>(i) * kGroup];
    sum = warp_sum(sum);
    if (lane_in_warp() == 0) means[warp] = static_cast<float>(sum / (static_cast<double>(g.h) * g.w));
  }
  __syncthreads();

  auto* values = dynamic_shared<float>();
  const float* staged = to.staged + ((tile.item * g.h + tile.row) * g.w + tile.column) * kGroup;
  const int contrast = contrast_place(draw);
  float mean[kGroup];
#pragma unroll
  for (int c = 0; c < kGroup; ++c) mean[c] = means[c];
  for_each_pixel<kGroup>(tile, kGroup, [&](int row, int column, int) {
    float x[kGroup];
#pragma unroll
    for (int c = 0; c < kGroup; ++c) x[c] = staged[(static_cast<std::int64_t>(row) * g.w + column) * kGroup + c];
#pragma unroll 1
    for (int place = contrast; place < kColorOperations; ++place) change(draw.operation(place), draw, parts, mean, x);
    finish(draw, parts, x);
#pragma unroll
    for (int c = 0; c < kGroup; ++c) values[row * g.pitch() + column * kGroup + c] = x[c];
  });
  __syncthreads();
  pass_on<kWidth>(g, tile, values, to, bits, !(parts.blur && draw.sigma > 0));
}

/// Values of a tile: 24 KiB of shared memory.
constexpr std::int64_t kTileValues = 6144;

template <int kGroup, int kWidth, class T>
void augment_in(const Context& context, const Augment& args, const ViewTiles& tiles, const Parts& parts,
                const ViewsTo<T>& to) {
  const Images from{args.pixels.as<std::uint8_t>(), args.offsets.as<std::int64_t>(), args.extents.as<std::int32_t>()};
  const auto* draws = reinterpret_cast<const AugmentationDraw*>(args.draws.as<std::int32_t>());
  const PlaneBits bits = plane_bits(args);
  Launch how = tile_each(args, tiles, stream(context));
  const std::size_t values_bytes =
      static_cast<std::size_t>(tiles.rows) * tiles.columns * tiles.channels * sizeof(float);
  const auto resize = [&](auto taps) {
    how.shared_bytes = values_bytes + static_cast<std::size_t>(tiles.rows + tiles.columns) * sizeof(Taps<taps.value>);
    launch(how, resize_views<taps.value, kGroup, kWidth, T>, tiles, from, draws, parts, bits, to);
  };
  args.rules.interpolation == Interpolation::bicubic ? resize(Constant<4>{}) : resize(Constant<2>{});
  if (parts.jitter) {
    how.shared_bytes = values_bytes;
    launch(how, finish_colors<kGroup, kWidth, T>, tiles, draws, parts, bits, to);
  }
}

}  // namespace

void augment(const Context& context, const Augment& args) {
  expect_valid(args);
  const std::int64_t channels = args.channels();
  EXPECTS(channels <= kTileValues, "augment: the CUDA kernel takes images of up to ", kTileValues, " channels, got ",
          channels);
  const AugmentationRules& rules = args.rules;
  const Parts parts{.jitter = rules.jitter > 0,
                    .adds_brightness = rules.brightness == Brightness::add,
                    .gray = rules.gray > 0,
                    .blur = rules.blur > 0 && blur_radius(args.y.shape[2]) > 0};
  const std::int64_t pixels = args.y.shape.rows();
  constexpr std::int64_t kWarps = kThreads / kWarp;
  const std::int64_t columns = std::max<std::int64_t>(1, kTileValues / (kWarps * channels)),
                     w = std::clamp<std::int64_t>(args.y.shape[3], 1, columns);
  const ViewTiles tiles = view_tiles(args, kTileValues / (w * channels), columns);
  const std::int64_t sums = args.y.shape[0] * args.y.shape[1] * tiles.tiles() * channels;
  const engine::Scratch staged = engine::Scratch::floats(context, parts.jitter || parts.blur ? pixels * channels : 0),
                        of_tiles = engine::Scratch::floats(context, parts.jitter ? sums : 0);
  with_float_type(args.y.dtype, [&]<class T>(T*) {
    const ViewsTo<T> to{staged.as<float>(), of_tiles.as<float>(), args.y.as<T>()};
    with_width<T>(wide_rows(tiles, to.y), [&](auto width) {
      channels == 3 ? augment_in<3, width.value>(context, args, tiles, parts, to)
                    : augment_in<1, width.value>(context, args, tiles, parts, to);
    });
  });
  if (parts.blur) blur_views(context, args, staged.as<float>());
}

}  // namespace kernels::cuda
