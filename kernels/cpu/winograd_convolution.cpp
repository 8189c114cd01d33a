#include "kernels/cpu/winograd_convolution.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/tile_product.h"
#include "kernels/cpu/winograd_transforms.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

/// The output patches of a convolution, numbered over images, rows and columns.
struct Patches {
  std::int64_t n, h, w, c;  // x; windows may extend beyond it by `pad` on every side
  std::int64_t p, q, k;     // y
  std::int64_t pad;

  std::int64_t down() const { return ceil_div(p, kPatch); }
  std::int64_t across() const { return ceil_div(q, kPatch); }
  std::int64_t count() const { return n * down() * across(); }
  struct Place {
    std::int64_t image, row, column;  // of the patch's first output
  };
  Place place(std::int64_t patch) const {
    const std::int64_t line = patch / across();
    return {line / down(), line % down() * kPatch, patch % across() * kPatch};
  }
};

/// One thread's part of [0, count).
struct Share {
  Share(std::int64_t count, std::int64_t thread, std::int64_t threads)
      : begin(count * thread / threads), end(count * (thread + 1) / threads) {}
  std::int64_t begin, end;
};

/// to[position][row][channels] = the transform of the kSide x kSide pixels at (row, column) of an image, zero outside
/// it.
template <class Line>
void transform_pixels(const float* image, std::int64_t h, std::int64_t w, std::int64_t channels, std::int64_t row,
                      std::int64_t column, float* to, std::int64_t position_stride) {
  constexpr int kSide = Line::kIn;
  const auto put = [&](std::int64_t c) {
    return [=](int i, int j, Floats value) { store(to + (i * kWindow + j) * position_stride + c, value); };
  };
  const float* corner = image + (row * w + column) * channels;
  if (row >= 0 && column >= 0 && row + kSide <= h && column + kSide <= w) {
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      transform<Line>([=](int i, int j) { return load(corner + (i * w + j) * channels + c); }, put(c));
    }
    return;
  }
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    transform<Line>(
        [=](int i, int j) {
          const bool inside = row + i >= 0 && row + i < h && column + j >= 0 && column + j < w;
          return inside ? load(corner + (i * w + j) * channels + c) : Floats{};
        },
        put(c));
  }
}

/// B^T d B of patches [begin, end) of a chunk that starts at patch `first`: to [kPositions][rows][c].
void transform_inputs(const Patches& patches, const float* x, std::int64_t first, Share share, std::int64_t rows,
                      float* to) {
  for (std::int64_t i = share.begin; i < share.end; ++i) {
    const auto [image, row, column] = patches.place(first + i);
    transform_pixels<TransformInput>(x + image * patches.h * patches.w * patches.c, patches.h, patches.w, patches.c,
                                     row - patches.pad, column - patches.pad, to + i * patches.c, rows * patches.c);
  }
}

/// A dy A^T: to [kPositions][rows][k].
void transform_output_gradients(const Patches& patches, const float* dy, std::int64_t first, Share share,
                                std::int64_t rows, float* to) {
  for (std::int64_t i = share.begin; i < share.end; ++i) {
    const auto [image, row, column] = patches.place(first + i);
    transform_pixels<TransformOutputGradient>(dy + image * patches.p * patches.q * patches.k, patches.p, patches.q,
                                              patches.k, row, column, to + i * patches.k, rows * patches.k);
  }
}

/// A^T m A, from m [kPositions][rows][k] into y (or added to it).
void transform_outputs(const Patches& patches, const float* m, std::int64_t first, Share share, std::int64_t rows,
                       float* y, bool accumulate) {
  const std::int64_t k = patches.k;
  for (std::int64_t i = share.begin; i < share.end; ++i) {
    const auto [image, row, column] = patches.place(first + i);
    const int down = static_cast<int>(std::min<std::int64_t>(kPatch, patches.p - row));
    const int across = static_cast<int>(std::min<std::int64_t>(kPatch, patches.q - column));
    float* corner = y + ((image * patches.p + row) * patches.q + column) * k;
    for (std::int64_t c = 0; c < k; c += kLanes) {
      const float* from = m + i * k + c;
      transform<TransformOutput>([=](int a, int b) { return load(from + (a * kWindow + b) * rows * k); },
                                 [=](int a, int b, Floats value) {
                                   if (a >= down || b >= across) return;
                                   float* to = corner + (a * patches.q + b) * k + c;
                                   store(to, accumulate ? load(to) + value : value);
                                 });
    }
  }
}

/// The second factor of the products, [kPositions][panels of outputs][inputs][kPatchCols], from weights [k,3,3,c]:
/// inputs are c and outputs k.
void transform_filters(const Context& context, const float* weight, std::int64_t k, std::int64_t c, float* to) {
#pragma omp parallel for collapse(2) num_threads(context.threads()) schedule(static)
  for (std::int64_t k0 = 0; k0 < k; k0 += kLanes) {
    for (std::int64_t c0 = 0; c0 < c; c0 += kLanes) {
      alignas(64) float block[kPositions][kLanes][kLanes];  // [position][output][input]
      for (int o = 0; o < kLanes; ++o) {
        const float* filter = weight + (k0 + o) * 9 * c + c0;
        transform<TransformFilter>([=](int i, int j) { return load(filter + (i * 3 + j) * c); },
                                   [&](int i, int j, Floats value) { store(block[i * kWindow + j][o], value); });
      }
      for (int position = 0; position < kPositions; ++position) {
        float* panel = to + (position * k + k0 / kPatchCols * kPatchCols) * c + c0 * kPatchCols + k0 % kPatchCols;
        for (int i = 0; i < kLanes; ++i) {
#pragma omp simd
          for (int o = 0; o < kLanes; ++o) panel[i * kPatchCols + o] = block[position][o][i];
        }
      }
    }
  }
}

/// The same for the gradient of the inputs, a convolution with the filters rotated by 180 degrees: inputs are k and
/// outputs c.
void transform_turned_filters(const Context& context, const float* weight, std::int64_t k, std::int64_t c, float* to) {
#pragma omp parallel for num_threads(context.threads()) schedule(static)
  for (std::int64_t input = 0; input < k; ++input) {
    for (std::int64_t c0 = 0; c0 < c; c0 += kLanes) {
      const float* filter = weight + input * 9 * c + c0;
      float* panel = to + c0 / kPatchCols * kPatchCols * k + input * kPatchCols + c0 % kPatchCols;
      transform<TransformFilter>([=](int i, int j) { return load(filter + ((2 - i) * 3 + 2 - j) * c); },
                                 [=](int i, int j, Floats value) { store(panel + (i * kWindow + j) * c * k, value); });
    }
  }
}

/// The products of all positions, split by rows into parts of whole register patches when there are many threads.
class ProductParts {
 public:
  ProductParts(std::int64_t rows, std::int64_t threads) : rows_(rows) {
    constexpr std::int64_t kPartsPerThread = 8;  // at least: balances the threads' loads
    const std::int64_t wanted = ceil_div(kPartsPerThread * threads, kPositions);
    part_rows_ = round_up(ceil_div(rows, wanted), kPatchRows);
    per_position_ = ceil_div(rows, part_rows_);
  }
  std::int64_t count() const { return kPositions * per_position_; }
  struct Part {
    std::int64_t position, first_row;
    int rows;
  };
  Part part(std::int64_t i) const {
    const std::int64_t first = i % per_position_ * part_rows_;
    return {i / per_position_, first, static_cast<int>(std::min(part_rows_, rows_ - first))};
  }

 private:
  std::int64_t rows_, part_rows_, per_position_;
};

/// Patches per chunk. With small filters, a chunk's transformed inputs and products stay in the second-level caches;
/// large filters are read once for many patches.
std::int64_t chunk_patches(const Patches& patches, std::int64_t threads) {
  constexpr std::int64_t kCacheFloats = 1 << 18;  // per thread: half of a usual second-level cache
  const std::int64_t in_cache = threads * kCacheFloats / (kPositions * (patches.c + patches.k));
  const std::int64_t worthwhile = std::max(patches.c, patches.k);
  return round_up(std::min(std::max(in_cache, worthwhile), patches.count()), kPatchRows);
}

/// y (+)= the convolution, given its transformed filters.
void convolve(const Context& context, const Patches& patches, const float* x, const float* filters, float* y,
              bool accumulate) {
  const std::int64_t rows = chunk_patches(patches, context.threads()), c = patches.c, k = patches.k;
  const Scratch inputs = Scratch::floats(context, kPositions * rows * c);
  const Scratch products = Scratch::floats(context, kPositions * rows * k);
  float *v = inputs.as<float>(), *m = products.as<float>();
#pragma omp parallel num_threads(context.threads())
  {
    const std::int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (std::int64_t first = 0; first < patches.count(); first += rows) {
      const std::int64_t count = std::min(rows, patches.count() - first);
      const ProductParts parts(count, threads);
      const Share share(count, thread, threads), own(parts.count(), thread, threads);
      transform_inputs(patches, x, first, share, rows, v);
#pragma omp barrier
      for (std::int64_t i = own.begin; i < own.end; ++i) {
        const auto [position, row, part_rows] = parts.part(i);
        tile_product({.a = v + (position * rows + row) * c,
                      .a_row = c,
                      .a_depth = 1,
                      .b = filters + position * c * k,
                      .b_depth = kPatchCols,
                      .b_panel = c * kPatchCols,
                      .c = m + (position * rows + row) * k,
                      .c_row = k,
                      .rows = part_rows,
                      .cols = static_cast<int>(k),
                      .depth = static_cast<int>(c)});
      }
#pragma omp barrier
      transform_outputs(patches, m, first, share, rows, y, accumulate);
    }
  }
}

}  // namespace

bool winograd_takes(const Conv2dGeometry& g) {
  return g.r == 3 && g.s == 3 && g.stride == 1 && g.pad >= 0 && g.pad <= 2 && g.c % kPatchCols == 0 &&
         g.k % kPatchCols == 0;
}

void winograd_forward(const Context& context, const Conv2dForward& args) {
  const Conv2dGeometry& g = args.g;
  const Scratch filters = Scratch::floats(context, kPositions * g.c * g.k);
  transform_filters(context, args.weight.as<float>(), g.k, g.c, filters.as<float>());
  convolve(context, {.n = g.n, .h = g.h, .w = g.w, .c = g.c, .p = g.p(), .q = g.q(), .k = g.k, .pad = g.pad},
           args.x.as<float>(), filters.as<float>(), args.y.as<float>(), false);
}

void winograd_dgrad(const Context& context, const Conv2dDgrad& args) {
  const Conv2dGeometry& g = args.g;
  const Scratch filters = Scratch::floats(context, kPositions * g.c * g.k);
  transform_turned_filters(context, args.weight.as<float>(), g.k, g.c, filters.as<float>());
  convolve(context, {.n = g.n, .h = g.p(), .w = g.q(), .c = g.k, .p = g.h, .q = g.w, .k = g.c, .pad = 2 - g.pad},
           args.dy.as<float>(), filters.as<float>(), args.dx.view.as<float>(), args.dx.accumulate);
}

void winograd_wgrad(const Context& context, const Conv2dWgrad& args) {
  const Conv2dGeometry& g = args.g;
  const Patches patches{.n = g.n, .h = g.h, .w = g.w, .c = g.c, .p = g.p(), .q = g.q(), .k = g.k, .pad = g.pad};
  const std::int64_t rows = chunk_patches(patches, context.threads()), c = g.c, k = g.k;
  const std::int64_t filter_rows = round_up(k, kPatchRows);
  const Scratch inputs = Scratch::floats(context, kPositions * rows * c);
  // The product reads whole patches of rows: k is rounded up, also after the last row.
  const Scratch outputs = Scratch::floats(context, kPositions * rows * k + kPatchRows);
  const Scratch filters = Scratch::floats(context, kPositions * filter_rows * c);
  float *v = inputs.as<float>(), *z = outputs.as<float>(), *du = filters.as<float>();
  const float *x = args.x.as<float>(), *dy = args.dy.as<float>();
  std::fill_n(z + kPositions * rows * k, kPatchRows, 0.0f);
  float* dweight = args.dweight.view.as<float>();
#pragma omp parallel num_threads(context.threads())
  {
    const std::int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const ProductParts parts(k, threads);
    const Share own(parts.count(), thread, threads);
    for (std::int64_t first = 0; first < patches.count(); first += rows) {
      const std::int64_t count = std::min(rows, patches.count() - first);
      const Share share(count, thread, threads);
      transform_inputs(patches, x, first, share, rows, v);
      transform_output_gradients(patches, dy, first, share, rows, z);
#pragma omp barrier
      for (std::int64_t i = own.begin; i < own.end; ++i) {
        const auto [position, row, part_rows] = parts.part(i);
        (first == 0 ? tile_product : tile_product_accumulate)({.a = z + position * rows * k + row,
                                                               .a_row = 1,
                                                               .a_depth = k,
                                                               .b = v + position * rows * c,
                                                               .b_depth = c,
                                                               .b_panel = kPatchCols,
                                                               .c = du + (position * filter_rows + row) * c,
                                                               .c_row = c,
                                                               .rows = part_rows,
                                                               .cols = static_cast<int>(c),
                                                               .depth = static_cast<int>(count)});
      }
#pragma omp barrier
    }
    const Share filters_of(k, thread, threads);
    for (std::int64_t filter = filters_of.begin; filter < filters_of.end; ++filter) {
      for (std::int64_t c0 = 0; c0 < c; c0 += kLanes) {
        const float* from = du + filter * c + c0;
        float* to = dweight + filter * 9 * c + c0;
        transform<TransformFilterGradient>(
            [=](int i, int j) { return load(from + (i * kWindow + j) * filter_rows * c); },
            [=](int i, int j, Floats value) {
              float* at = to + (i * 3 + j) * c;
              store(at, args.dweight.accumulate ? load(at) + value : value);
            });
      }
    }
  }
}

}  // namespace kernels::cpu
