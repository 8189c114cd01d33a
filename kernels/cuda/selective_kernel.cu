#include "kernels/selective_kernel.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/wide_access.h"
#include "kernels/float_types.h"

// Bytes moved: each kernel reads and writes every image once. A thread keeps kWidth adjacent channels of both streams
// and goes over pixels, so that the weights are computed once; adjacent threads take adjacent channels.
namespace kernels::cuda {
namespace {

struct StreamTiles {
  std::int64_t pixels, channels;  // of an image, and of one stream
  std::int64_t height;            // pixels of a tile
  int across, down;               // threads of a block along channels and pixels: powers of two
  int columns, parts;             // tiles of an image side by side, and one below another
};

/// One tile has all pixels of an image, or up to `rounds` for each of its threads.
StreamTiles stream_tiles(const Shape& x, int width, std::int64_t rounds) {
  const std::int64_t pixels = x[1] * x[2], channels = x[3] / 2, groups = channels / width;
  int across = 1;
  while (across < kWarp && across < groups) across *= 2;
  const int down = kThreads / across;
  const std::int64_t height = rounds > 0 ? std::min(pixels, rounds * down) : pixels;
  return {pixels,
          channels,
          height,
          across,
          down,
          static_cast<int>(ceil_div(groups, across)),
          static_cast<int>(ceil_div(pixels, height))};
}
Launch tile_each(std::int64_t images, const StreamTiles& tiles, cudaStream_t stream) {
  return block_each(images * tiles.columns * tiles.parts, stream);
}

/// The part of an image that a thread works on.
struct StreamPlace {
  std::int64_t image, channel;  // the thread's first channel
  std::int64_t pixel, end;      // the thread's first pixel; `end` where its channels do not exist
};
template <int kWidth>
__device__ StreamPlace place_in_image(const StreamTiles& tiles) {
  const auto block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  const int of_image = block % (tiles.columns * tiles.parts);
  StreamPlace at;
  at.image = block / (tiles.columns * tiles.parts);
  at.channel = (static_cast<std::int64_t>(of_image % tiles.columns) * tiles.across + thread % tiles.across) * kWidth;
  const std::int64_t first = of_image / tiles.columns * tiles.height;
  at.end = min(first + tiles.height, tiles.pixels);
  at.pixel = at.channel < tiles.channels ? first + thread / tiles.across : at.end;
  return at;
}

/// Adds the threads' sums of each channel, in a fixed order, and calls finish(channel, sum). All threads of the block
/// must call it; its tile must have all pixels of the image.
template <int kWidth, class Finish>
__device__ void sum_pixels(const StreamTiles& tiles, const StreamPlace& at, const float (&sums)[kWidth],
                           const Finish& finish) {
  __shared__ float parts[kWidth * kThreads];
  const auto thread = static_cast<int>(threadIdx.x);
#pragma unroll
  for (int j = 0; j < kWidth; ++j) parts[j * kThreads + thread] = sums[j];
  __syncthreads();
  if (thread >= tiles.across || at.channel >= tiles.channels) return;
#pragma unroll
  for (int j = 0; j < kWidth; ++j) {
    float sum = 0;
    for (int i = thread; i < kThreads; i += tiles.across) sum += parts[j * kThreads + i];
    finish(at.channel + j, sum);
  }
}

template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) pool_streams(const T* xs, StreamTiles tiles, float factor, T* ys) {
  const StreamPlace at = place_in_image<kWidth>(tiles);
  float sums[kWidth] = {};
#pragma unroll 1  // unrolling would spill registers
  for (std::int64_t pixel = at.pixel; pixel < at.end; pixel += tiles.down) {
    const T* x = xs + (at.image * tiles.pixels + pixel) * 2 * tiles.channels + at.channel;
    const auto first = load<kWidth>(x), second = load<kWidth>(x + tiles.channels);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      sums[j] += static_cast<float>(first.lane[j]) + static_cast<float>(second.lane[j]);
    }
  }
  sum_pixels(tiles, at, sums, [&](std::int64_t channel, float sum) {
    write<false>(ys[at.image * tiles.channels + channel], sum * factor);
  });
}

template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads) spread_over_streams(const T* dys, StreamTiles tiles, float factor, T* dxs) {
  const StreamPlace at = place_in_image<kWidth>(tiles);
  if (at.pixel >= at.end) return;
  const auto dy = load<kWidth>(dys + at.image * tiles.channels + at.channel);
  float values[kWidth];
#pragma unroll
  for (int j = 0; j < kWidth; ++j) values[j] = static_cast<float>(dy.lane[j]) * factor;
  for (std::int64_t pixel = at.pixel; pixel < at.end; pixel += tiles.down) {
    T* dx = dxs + (at.image * tiles.pixels + pixel) * 2 * tiles.channels + at.channel;
    write<kAccumulate>(dx, values);
    write<kAccumulate>(dx + tiles.channels, values);
  }
}

/// The weights of both streams, each from the difference of the logits: neither is the rounded remainder of the other.
template <int kWidth>
struct Weights {
  float first[kWidth], second[kWidth];

  __device__ Weights(const float* logits, const StreamTiles& tiles, const StreamPlace& at) {
    const float* l = logits + at.image * 2 * tiles.channels + at.channel;
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      const float difference = l[tiles.channels + j] - l[j];
      first[j] = 1 / (1 + expf(difference));
      second[j] = 1 / (1 + expf(-difference));
    }
  }
};

template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) merge(const T* xs, const float* logits, StreamTiles tiles, T* ys) {
  const StreamPlace at = place_in_image<kWidth>(tiles);
  if (at.pixel >= at.end) return;
  const Weights<kWidth> weights(logits, tiles, at);
#pragma unroll 1  // unrolling would spill registers
  for (std::int64_t pixel = at.pixel; pixel < at.end; pixel += tiles.down) {
    const T* x = xs + (at.image * tiles.pixels + pixel) * 2 * tiles.channels + at.channel;
    const auto first = load<kWidth>(x), second = load<kWidth>(x + tiles.channels);
    float values[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      values[j] =
          weights.first[j] * static_cast<float>(first.lane[j]) + weights.second[j] * static_cast<float>(second.lane[j]);
    }
    write<false>(ys + (at.image * tiles.pixels + pixel) * tiles.channels + at.channel, values);
  }
}

// dxs and dlogits may be null.
template <int kWidth, bool kAccumulate, class T>
__global__ void __launch_bounds__(kThreads)
    merge_gradient(const T* xs, const float* logits, const T* dys, StreamTiles tiles, T* dxs, float* dlogits,
                   bool accumulate_logits) {
  const StreamPlace at = place_in_image<kWidth>(tiles);
  float sums[kWidth] = {};
  if (at.pixel < at.end) {
    const Weights<kWidth> weights(logits, tiles, at);
    for (std::int64_t pixel = at.pixel; pixel < at.end; pixel += tiles.down) {
      const std::int64_t place = at.image * tiles.pixels + pixel;
      const T* x = xs + place * 2 * tiles.channels + at.channel;
      const auto dy = load<kWidth>(dys + place * tiles.channels + at.channel);
      const auto first = load<kWidth>(x), second = load<kWidth>(x + tiles.channels);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        sums[j] +=
            static_cast<float>(dy.lane[j]) * (static_cast<float>(first.lane[j]) - static_cast<float>(second.lane[j]));
      }
      if (dxs == nullptr) continue;
      float dfirst[kWidth], dsecond[kWidth];
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        dfirst[j] = weights.first[j] * static_cast<float>(dy.lane[j]);
        dsecond[j] = weights.second[j] * static_cast<float>(dy.lane[j]);
      }
      T* dx = dxs + place * 2 * tiles.channels + at.channel;
      write<kAccumulate>(dx, dfirst);
      write<kAccumulate>(dx + tiles.channels, dsecond);
    }
  }
  if (dlogits == nullptr) return;
  sum_pixels(tiles, at, sums, [&](std::int64_t channel, float sum) {
    const float* l = logits + at.image * 2 * tiles.channels + channel;
    const float difference = l[tiles.channels] - l[0];
    const float gradient = sum / (1 + expf(difference)) / (1 + expf(-difference));
    float* to = dlogits + at.image * 2 * tiles.channels + channel;
    to[0] = accumulate_logits ? to[0] + gradient : gradient;
    to[tiles.channels] = accumulate_logits ? to[tiles.channels] - gradient : -gradient;
  });
}

constexpr std::int64_t kRounds = 8;  // pixels of each thread where nothing is summed

}  // namespace

void stream_pool_forward(const Context& context, const StreamPoolForward& args) {
  const Shape& shape = args.x.shape;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    with_width<T>(shape[3] / 2 % kWidest<T> == 0 && aligned({x, y}), [&](auto width) {
      const StreamTiles tiles = stream_tiles(shape, width.value, 0);
      launch(tile_each(shape[0], tiles, stream(context)), pool_streams<width.value, T>, x, tiles,
             1 / static_cast<float>(tiles.pixels), y);
    });
  });
}

void stream_pool_backward(const Context& context, const StreamPoolBackward& args) {
  const Shape& shape = args.dx.view.shape;
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dy = args.dy.as<T>();
    T* dx = args.dx.view.as<T>();
    with_width<T>(shape[3] / 2 % kWidest<T> == 0 && aligned({dy, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        const StreamTiles tiles = stream_tiles(shape, width.value, kRounds);
        launch(tile_each(shape[0], tiles, stream(context)), spread_over_streams<width.value, accumulate.value, T>, dy,
               tiles, 1 / static_cast<float>(tiles.pixels), dx);
      });
    });
  });
}

void stream_merge_forward(const Context& context, const StreamMergeForward& args) {
  const Shape& shape = args.x.shape;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    T* y = args.y.as<T>();
    with_width<T>(shape[3] / 2 % kWidest<T> == 0 && aligned({x, y}), [&](auto width) {
      const StreamTiles tiles = stream_tiles(shape, width.value, kRounds);
      launch(tile_each(shape[0], tiles, stream(context)), merge<width.value, T>, x, args.logits.as<float>(), tiles, y);
    });
  });
}

void stream_merge_backward(const Context& context, const StreamMergeBackward& args) {
  const Shape& shape = args.x.shape;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
    T* dx = args.dx ? args.dx.view.as<T>() : nullptr;
    float* dlogits = args.dlogits ? args.dlogits.view.as<float>() : nullptr;
    with_width<T>(shape[3] / 2 % kWidest<T> == 0 && aligned({x, dy, dx}), [&](auto width) {
      with_flag(args.dx.accumulate, [&](auto accumulate) {
        const StreamTiles tiles = stream_tiles(shape, width.value, 0);
        launch(tile_each(shape[0], tiles, stream(context)), merge_gradient<width.value, accumulate.value, T>, x,
               args.logits.as<float>(), dy, tiles, dx, dlogits, args.dlogits.accumulate);
      });
    });
  });
}

}  // namespace kernels::cuda
