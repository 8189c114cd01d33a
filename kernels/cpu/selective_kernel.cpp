#include "kernels/selective_kernel.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/loops.h"
#include "kernels/cpu/simd.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

/// Channels summed together: their partial sums stay in registers while the image is read once.
constexpr std::int64_t kTile = 64;

struct Sizes {
  explicit Sizes(const Shape& x) : n(x[0]), pixels(x[1] * x[2]), c(x[3] / 2) {}
  std::int64_t n, pixels, c;  // c: of one stream

  bool many() const { return 2 * n * pixels * c >= kParallelElements; }
};

/// body(image, first channel, number of channels) for all tiles, in parallel.
template <class Body>
void for_each_tile(const Sizes& s, const Body& body) {
#pragma omp parallel for collapse(2) schedule(static) if (s.many())
  for (std::int64_t image = 0; image < s.n; ++image) {
    for (std::int64_t begin = 0; begin < s.c; begin += kTile) body(image, begin, std::min(kTile, s.c - begin));
  }
}

/// The weights of both streams, each from the difference of the logits: neither is the rounded remainder of the other.
struct Weights {
  float first, second;
};
Weights weights_of(float first, float second) {
  return {1 / (1 + std::exp(second - first)), 1 / (1 + std::exp(first - second))};
}

}  // namespace

void stream_pool_forward(const Context&, const StreamPoolForward& args) {
  const Sizes s(args.x.shape);
  const float factor = 1 / static_cast<float>(s.pixels);
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    for_each_tile(
        s, [=, x = args.x.as<T>(), y = args.y.as<T>()](std::int64_t image, std::int64_t begin, std::int64_t width) {
          float sums[kTile] = {};
          for (std::int64_t pixel = 0; pixel < s.pixels; ++pixel) {
            const T *first = x + (image * s.pixels + pixel) * 2 * s.c + begin, *second = first + s.c;
#pragma omp simd
            for (std::int64_t j = 0; j < width; ++j) {
              sums[j] += static_cast<float>(first[j]) + static_cast<float>(second[j]);
            }
          }
          for (std::int64_t j = 0; j < width; ++j) store(y[image * s.c + begin + j], sums[j] * factor);
        });
  });
}

void stream_pool_backward(const Context&, const StreamPoolBackward& args) {
  const Sizes s(args.dx.view.shape);
  const float factor = 1 / static_cast<float>(s.pixels);
  with_float_type(args.dy.dtype, [&]<class T>(T*) {
    const T* dys = args.dy.as<T>();
    T* dxs = args.dx.view.as<T>();
#pragma omp parallel for collapse(2) schedule(static) if (s.many())
    for (std::int64_t image = 0; image < s.n; ++image) {
      for (std::int64_t pixel = 0; pixel < s.pixels; ++pixel) {
        const T* dy = dys + image * s.c;
        T* first = dxs + (image * s.pixels + pixel) * 2 * s.c;
        for (T* dx : {first, first + s.c}) {
          for_each_vector(s.c, [=, factor = factor, accumulate = args.dx.accumulate]<class V>(std::int64_t j, V) {
            const V gradient = load_as<V>(dy + j) * factor;
            store(dx + j, accumulate ? load_as<V>(dx + j) + gradient : gradient);
          });
        }
      }
    }
  });
}

void stream_merge_forward(const Context& context, const StreamMergeForward& args) {
  const Sizes s(args.x.shape);
  const engine::Scratch scratch(context, sizeof(float) * static_cast<std::size_t>(2 * s.n * s.c));
  float* weights = scratch.as<float>();
  const float* logits = args.logits.as<float>();
  for (std::int64_t image = 0; image < s.n; ++image) {
    for (std::int64_t j = image * 2 * s.c; j < image * 2 * s.c + s.c; ++j) {
      const auto [first, second] = weights_of(logits[j], logits[j + s.c]);
      weights[j] = first;
      weights[j + s.c] = second;
    }
  }
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* xs = args.x.as<T>();
    T* ys = args.y.as<T>();
#pragma omp parallel for collapse(2) schedule(static) if (s.many())
    for (std::int64_t image = 0; image < s.n; ++image) {
      for (std::int64_t pixel = 0; pixel < s.pixels; ++pixel) {
        const T *first = xs + (image * s.pixels + pixel) * 2 * s.c, *second = first + s.c;
        const float *a = weights + image * 2 * s.c, *b = a + s.c;
        T* y = ys + (image * s.pixels + pixel) * s.c;
        for_each_vector(s.c, [=]<class V>(std::int64_t j, V) {
          store(y + j, load_as<V>(a + j) * load_as<V>(first + j) + load_as<V>(b + j) * load_as<V>(second + j));
        });
      }
    }
  });
}

void stream_merge_backward(const Context&, const StreamMergeBackward& args) {
  const Sizes s(args.x.shape);
  const float* logits = args.logits.as<float>();
  float* dlogits = args.dlogits ? args.dlogits.view.as<float>() : nullptr;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T *xs = args.x.as<T>(), *dys = args.dy.as<T>();
    T* dxs = args.dx ? args.dx.view.as<T>() : nullptr;
    for_each_tile(s, [&](std::int64_t image, std::int64_t begin, std::int64_t width) {
      float a[kTile] = {}, b[kTile] = {}, sums[kTile] = {};
      const std::int64_t of_image = image * 2 * s.c + begin;
      for (std::int64_t j = 0; j < width; ++j) {
        const auto [first, second] = weights_of(logits[of_image + j], logits[of_image + s.c + j]);
        a[j] = first;
        b[j] = second;
      }
      for (std::int64_t pixel = image * s.pixels; pixel < (image + 1) * s.pixels; ++pixel) {
        const T *first = xs + pixel * 2 * s.c + begin, *second = first + s.c, *dy = dys + pixel * s.c + begin;
        for_each_vector(width, [&]<class V>(std::int64_t j, V) {
          const V difference = load_as<V>(first + j) - load_as<V>(second + j);
          store(sums + j, load_as<V>(sums + j) + load_as<V>(dy + j) * difference);
        });
        if (dxs == nullptr) continue;
        T *dfirst = dxs + pixel * 2 * s.c + begin, *dsecond = dfirst + s.c;
        for_each_vector(width, [=, &a, &b, accumulate = args.dx.accumulate]<class V>(std::int64_t j, V) {
          const V gradient = load_as<V>(dy + j), da = load_as<V>(a + j) * gradient, db = load_as<V>(b + j) * gradient;
          store(dfirst + j, accumulate ? load_as<V>(dfirst + j) + da : da);
          store(dsecond + j, accumulate ? load_as<V>(dsecond + j) + db : db);
        });
      }
      if (dlogits == nullptr) return;
      for (std::int64_t j = 0; j < width; ++j) {
        const float gradient = a[j] * b[j] * sums[j];
        float &first = dlogits[of_image + j], &second = dlogits[of_image + s.c + j];
        first = args.dlogits.accumulate ? first + gradient : gradient;
        second = args.dlogits.accumulate ? second - gradient : -gradient;
      }
    });
  });
}

}  // namespace kernels::cpu
