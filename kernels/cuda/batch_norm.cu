#include "kernels/batch_norm.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/column_tiles.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

// Bytes moved: moments read x; apply reads x and residual and writes y; backward sums read x, dy and, for a ReLU after
// a residual, y; backward apply reads the same and writes dx and dresidual. In addition, partial results are written
// and read for each channel of each tile: 12 bytes of moments, 8 bytes of sums.
namespace kernels::cuda {
namespace {

// Sums around the tile's first row: otherwise a mean far from zero would cancel the squares. For the same reason the
// mean is stored in two parts: rounded to f32 it would add to the deviation between tiles.
// parts[part] = {the first row[C], mean - first row[C], squares around the mean[C]}
template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads) tile_moments(const T* x, ColumnTiles tiles, float* parts) {
  const TilePlace at = place_in_tile<kWidth>(tiles);
  const T* origins = x + at.first * tiles.channels;
  float sums[2][kWidth] = {};
  if (at.row < at.end) {
    const auto origin = load<kWidth>(origins + at.channel);
#pragma unroll 4
    for (std::int64_t row = at.row; row < at.end; row += tiles.down) {
      const auto lanes = load<kWidth>(x + row * tiles.channels + at.channel);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        const float d = static_cast<float>(lanes.lane[j]) - static_cast<float>(origin.lane[j]);
        sums[0][j] += d;
        sums[1][j] += d * d;
      }
    }
  }
  sum_tile(tiles, sums, [&](std::int64_t channel, const float(&totals)[2]) {
    float* part = parts + 3 * at.part * tiles.channels + channel;
    const float offset = totals[0] / static_cast<float>(at.end - at.first);
    part[0] = static_cast<float>(origins[channel]);
    part[tiles.channels] = offset;
    part[2 * tiles.channels] = fmaxf(0, totals[1] - totals[0] * offset);
  });
}

// Chan, Golub & LeVeque 1979, for all tiles at once, without a division per tile: with n rows in a tile
// mean = sum n mean_tile / rows; squares = sum squares_tile + n (mean_tile - mean)^2
__global__ void __launch_bounds__(kThreads) merge_moments(const float* parts, ColumnTiles tiles, double* moments) {
  __shared__ double means[kTotalChannels];
  const auto count = [&](std::int64_t part) {
    return static_cast<double>(min(tiles.height, tiles.rows - part * tiles.height));
  };
  const auto mean_of = [&](const float* part) {
    return static_cast<double>(part[0]) + static_cast<double>(part[tiles.channels]);
  };
  const auto at = [&](std::int64_t part, std::int64_t channel) { return parts + 3 * part * tiles.channels + channel; };
  const auto rows = static_cast<double>(tiles.rows);
  total_parts<double>(
      tiles, [&](std::int64_t part, std::int64_t channel) { return count(part) * mean_of(at(part, channel)); },
      [&](std::int64_t channel, double sum) {
        const double mean = tiles.rows > 0 ? sum / rows : 0;
        means[threadIdx.x] = mean;
        moments[channel] = rows;
        moments[tiles.channels + channel] = mean;
      });
  __syncthreads();
  total_parts<double>(
      tiles,
      [&](std::int64_t part, std::int64_t channel) {
        const float* tile = at(part, channel);
        const double delta = mean_of(tile) - means[threadIdx.x % kTotalChannels];
        return static_cast<double>(tile[2 * tiles.channels]) + count(part) * delta * delta;
      },
      [&](std::int64_t channel, double sum) { moments[2 * tiles.channels + channel] = sum; });
}

__global__ void __launch_bounds__(kThreads)
    merge_parts(const double* parts, std::int64_t count, std::int64_t channels, double* moments) {
  for (std::int64_t c = first_in_grid(); c < channels; c += grid_stride()) {
    ChannelMoments merged{};
    for (std::int64_t part = 0; part < count; ++part) {
      const double* of_part = parts + 3 * part * channels + c;
      merged = merged.with({of_part[0], of_part[channels], of_part[2 * channels]});
    }
    moments[c] = merged.rows;
    moments[channels + c] = merged.mean;
    moments[2 * channels + c] = merged.squares;
  }
}

struct Statistics {
  float *mean, *inv_std, *running_mean, *running_variance;
  std::int64_t* batches;
  float epsilon, momentum;
  bool unbiased;
};

__global__ void __launch_bounds__(kThreads)
    finish_statistics(const double* moments, std::int64_t channels, Statistics to) {
  const double m = to.momentum;
  for (std::int64_t c = first_in_grid(); c < channels; c += grid_stride()) {
    const double count = moments[c], mean = moments[channels + c], squares = moments[2 * channels + c];
    const double variance = count > 0 ? squares / count : 0;
    to.mean[c] = static_cast<float>(mean);
    to.inv_std[c] = static_cast<float>(1 / sqrt(variance + to.epsilon));
    if (count == 0) continue;
    const double kept = to.unbiased && count > 1 ? squares / (count - 1) : variance;
    to.running_mean[c] = static_cast<float>(m * to.running_mean[c] + (1 - m) * mean);
    to.running_variance[c] = static_cast<float>(m * to.running_variance[c] + (1 - m) * kept);
  }
  if (blockIdx.x == 0 && threadIdx.x == 0 && moments[0] > 0) ++*to.batches;
}

__global__ void __launch_bounds__(kThreads)
    take_running(const float* running_mean, const float* running_variance, std::int64_t channels, float epsilon,
                 float* mean, float* inv_std) {
  for (std::int64_t c = first_in_grid(); c < channels; c += grid_stride()) {
    mean[c] = running_mean[c];
    inv_std[c] = 1 / sqrtf(running_variance[c] + epsilon);
  }
}

/// The per-channel inputs.
struct Channels {
  const float *mean, *inv_std, *gamma;
  const float* beta;  // null if absent
};
template <class Args>
Channels channels_of(const Args& args) {
  return {args.mean.template as<float>(), args.inv_std.template as<float>(), args.gamma.template as<float>(),
          args.beta ? args.beta.template as<float>() : nullptr};
}

/// gamma (x - mean) inv_std + beta as x * scale + shift. Written with explicit fmaf, because forward and backward must
/// compute the same sign of z.
template <int kWidth>
struct Affine {
  float scale[kWidth], shift[kWidth];

  __device__ Affine(const Channels& channels, std::int64_t channel) {
    const auto mean = load_channels<kWidth>(channels.mean + channel);
    const auto inv_std = load_channels<kWidth>(channels.inv_std + channel);
    const auto gamma = load_channels<kWidth>(channels.gamma + channel);
    Lanes<float, kWidth> beta{};
    if (channels.beta != nullptr) beta = load_channels<kWidth>(channels.beta + channel);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      scale[j] = gamma.lane[j] * inv_std.lane[j];
      shift[j] = fmaf(-mean.lane[j], scale[j], beta.lane[j]);
    }
  }
  __device__ float operator()(int j, float x) const { return fmaf(x, scale[j], shift[j]); }
};

template <int kWidth, bool kRelu, bool kResidual, class T>
__global__ void __launch_bounds__(kThreads)
    normalize(const T* x, const T* residual, Channels channels, ColumnTiles tiles, T* y) {
  const TilePlace at = place_in_tile<kWidth>(tiles);
  if (at.row >= at.end) return;
  const Affine<kWidth> affine(channels, at.channel);
#pragma unroll 2
  for (std::int64_t row = at.row; row < at.end; row += tiles.down) {
    const std::int64_t i = row * tiles.channels + at.channel;
    const auto lanes = load<kWidth>(x + i);
    Lanes<T, kWidth> added;
    if constexpr (kResidual) added = load<kWidth>(residual + i);
    float values[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      float z = affine(j, static_cast<float>(lanes.lane[j]));
      if constexpr (kResidual) z += static_cast<float>(added.lane[j]);
      values[j] = kRelu ? (z > 0 ? z : 0.0f) : z;
    }
    write<false>(y + i, values);
  }
}

/// How the backward pass finds where the ReLU was active.
enum class Gate {
  open,      // no ReLU
  by_input,  // the sign of z, recomputed from x
  by_output  // the sign of y
};
template <class Body>
void with_gate(bool relu, bool has_output, Body&& body) {
  if (!relu) {
    body(Constant<Gate::open>{});
  } else {
    has_output ? body(Constant<Gate::by_output>{}) : body(Constant<Gate::by_input>{});
  }
}

/// The inputs of the backward kernels.
template <class T>
struct Inputs {
  const T *x, *dy, *y;
};
template <class T, class Args>
Inputs<T> inputs(const Args& args) {
  return {args.x.template as<T>(), args.dy.template as<T>(), args.y ? args.y.template as<T>() : nullptr};
}

/// kWidth elements of the inputs, and their dz.
template <int kWidth, Gate kGate, bool kReadsX, class T>
struct Elements {
  Lanes<T, kWidth> x, dy, y;

  __device__ Elements(const Inputs<T>& from, std::int64_t i) {
    if constexpr (kReadsX) x = load<kWidth>(from.x + i);
    dy = load<kWidth>(from.dy + i);
    if constexpr (kGate == Gate::by_output) y = load<kWidth>(from.y + i);
  }
  __device__ float dz(int j, const Affine<kWidth>& affine) const {
    const auto gradient = static_cast<float>(dy.lane[j]);
    if constexpr (kGate == Gate::by_input) return affine(j, static_cast<float>(x.lane[j])) > 0 ? gradient : 0.0f;
    if constexpr (kGate == Gate::by_output) return static_cast<float>(y.lane[j]) > 0 ? gradient : 0.0f;
    return gradient;
  }
};

// parts[part] = {sum dz x^[C], sum dz[C]}
template <int kWidth, Gate kGate, class T>
__global__ void __launch_bounds__(kThreads)
    tile_gradient_sums(Inputs<T> from, Channels channels, ColumnTiles tiles, float* parts) {
  const TilePlace at = place_in_tile<kWidth>(tiles);
  float sums[2][kWidth] = {};
  if (at.row < at.end) {
    const Affine<kWidth> affine(channels, at.channel);
    const auto mean = load_channels<kWidth>(channels.mean + at.channel);
#pragma unroll 2
    for (std::int64_t row = at.row; row < at.end; row += tiles.down) {
      const Elements<kWidth, kGate, true, T> elements(from, row * tiles.channels + at.channel);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        const float dz = elements.dz(j, affine);
        sums[0][j] += dz * (static_cast<float>(elements.x.lane[j]) - mean.lane[j]);
        sums[1][j] += dz;
      }
    }
  }
  sum_tile(tiles, sums, [&](std::int64_t channel, const float(&totals)[2]) {
    float* part = parts + 2 * at.part * tiles.channels + channel;
    part[0] = totals[0] * channels.inv_std[channel];
    part[tiles.channels] = totals[1];
  });
}

/// A row of `sums`, and the parameter's gradient, which equals it; null if not wanted.
struct ChannelGradient {
  float *sums, *gradient;
  bool accumulate;

  ChannelGradient(float* to, const Destination& wanted)
      : sums(to), gradient(wanted ? wanted.view.as<float>() : nullptr), accumulate(wanted.accumulate) {}
  __device__ void take(std::int64_t channel, double total) const {
    const auto sum = static_cast<float>(total);
    sums[channel] = sum;
    if (gradient != nullptr) gradient[channel] = accumulate ? gradient[channel] + sum : sum;
  }
};
struct GradientSums {
  double dgamma, dbeta;

  __device__ void operator+=(const GradientSums& other) {
    dgamma += other.dgamma;
    dbeta += other.dbeta;
  }
};

__global__ void __launch_bounds__(kThreads)
    finish_gradient_sums(const float* parts, ColumnTiles tiles, ChannelGradient dgamma, ChannelGradient dbeta) {
  total_parts<GradientSums>(
      tiles,
      [&](std::int64_t part, std::int64_t channel) {
        const float* from = parts + 2 * part * tiles.channels + channel;
        return GradientSums{from[0], from[tiles.channels]};
      },
      [&](std::int64_t channel, const GradientSums& total) {
        dgamma.take(channel, total.dgamma);
        dbeta.take(channel, total.dbeta);
      });
}

/// A gradient like x; null if not wanted.
template <class T>
struct Target {
  T* to;
  bool accumulate;

  explicit Target(const Destination& wanted)
      : to(wanted ? wanted.view.as<T>() : nullptr), accumulate(wanted.accumulate) {}
  /// kAccumulates: whether any target accumulates, which is rare; only then each target is checked.
  template <bool kAccumulates, int kWidth>
  __device__ void put(std::int64_t i, const float (&values)[kWidth]) const {
    if (to == nullptr) return;
    if (kAccumulates && accumulate) {
      write<true>(to + i, values);
    } else {
      write<false>(to + i, values);
    }
  }
};

// dx = scale dz + slope x + constant, with the means over the batch folded into slope and constant.
template <int kWidth, Gate kGate, bool kBatchStatistics, bool kAccumulates, class T>
__global__ void __launch_bounds__(kThreads)
    gradients(Inputs<T> from, Channels channels, const float* sums, const double* rows, ColumnTiles tiles, Target<T> dx,
              Target<T> dresidual) {
  const TilePlace at = place_in_tile<kWidth>(tiles);
  if (at.row >= at.end) return;
  const Affine<kWidth> affine(channels, at.channel);
  float slope[kWidth] = {}, constant[kWidth] = {};
  if constexpr (kBatchStatistics) {
    const float factor = -1 / static_cast<float>(*rows);  // loaded first, to reduce register pressure
    const auto mean = load_channels<kWidth>(channels.mean + at.channel);
    const auto inv_std = load_channels<kWidth>(channels.inv_std + at.channel);
    const auto along = load_channels<kWidth>(sums + at.channel);
    const auto total = load_channels<kWidth>(sums + tiles.channels + at.channel);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      slope[j] = factor * affine.scale[j] * inv_std.lane[j] * along.lane[j];
      constant[j] = factor * affine.scale[j] * total.lane[j] - slope[j] * mean.lane[j];
    }
  }
#pragma unroll 1  // unrolling would need too many registers
  for (std::int64_t row = at.row; row < at.end; row += tiles.down) {
    const std::int64_t i = row * tiles.channels + at.channel;
    const Elements<kWidth, kGate, kBatchStatistics || kGate == Gate::by_input, T> elements(from, i);
    float dz[kWidth], values[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      dz[j] = elements.dz(j, affine);
      values[j] = affine.scale[j] * dz[j];
      if constexpr (kBatchStatistics) values[j] += slope[j] * static_cast<float>(elements.x.lane[j]) + constant[j];
    }
    dx.template put<kAccumulates>(i, values);
    dresidual.template put<kAccumulates>(i, dz);
  }
}

bool aligned(const Channels& channels) {
  return cuda::aligned({channels.mean, channels.inv_std, channels.gamma, channels.beta});
}

}  // namespace

void batch_norm_moments(const Context& context, const BatchNormMoments& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    with_width<T>(channels % kWidest<T> == 0 && aligned({x}), [&](auto width) {
      const ColumnTiles tiles = column_tiles(rows, channels, width.value, kSummed);
      const auto scratch = engine::Scratch::floats(context, 3 * tiles.parts * channels);
      float* parts = scratch.as<float>();
      launch(tile_each(tiles, stream(context)), tile_moments<width.value, T>, x, tiles, parts);
      launch(totals_of(tiles, stream(context)), merge_moments, parts, tiles, args.moments.as<double>());
    });
  });
}

void batch_norm_merge(const Context& context, const BatchNormMerge& args) {
  const std::int64_t channels = args.parts.shape[2];
  launch(strided(channels, stream(context)), merge_parts, args.parts.as<double>(), args.parts.shape[0], channels,
         args.moments.as<double>());
}

void batch_norm_finish(const Context& context, const BatchNormFinish& args) {
  const std::int64_t channels = args.mean.shape.elements();
  const Statistics to{.mean = args.mean.as<float>(),
                      .inv_std = args.inv_std.as<float>(),
                      .running_mean = args.running_mean.as<float>(),
                      .running_variance = args.running_variance.as<float>(),
                      .batches = args.batches.as<std::int64_t>(),
                      .epsilon = args.epsilon,
                      .momentum = args.momentum,
                      .unbiased = args.unbiased};
  launch(strided(channels, stream(context)), finish_statistics, args.moments.as<double>(), channels, to);
}

void batch_norm_running(const Context& context, const BatchNormRunning& args) {
  const std::int64_t channels = args.mean.shape.elements();
  launch(strided(channels, stream(context)), take_running, args.running_mean.as<float>(),
         args.running_variance.as<float>(), channels, args.epsilon, args.mean.as<float>(), args.inv_std.as<float>());
}

void batch_norm_apply(const Context& context, const BatchNormApply& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Channels known = channels_of(args);
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T *x = args.x.as<T>(), *residual = args.residual ? args.residual.as<T>() : nullptr;
    T* y = args.y.as<T>();
    const bool wide = aligned({x, residual, y}) && aligned(known);
    with_width<T>(channels % kWidest<T> == 0 && wide, [&](auto width) {
      const ColumnTiles tiles = column_tiles(rows, channels, width.value, kMapped);
      with_flag(args.relu, [&](auto relu) {
        with_flag(residual != nullptr, [&](auto has_residual) {
          launch(tile_each(tiles, stream(context)), normalize<width.value, relu.value, has_residual.value, T>, x,
                 residual, known, tiles, y);
        });
      });
    });
  });
}

void batch_norm_backward_sums(const Context& context, const BatchNormBackwardSums& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Channels known = channels_of(args);
  float* sums = args.sums.as<float>();
  const ChannelGradient dgamma(sums, args.dgamma), dbeta(sums + channels, args.dbeta);
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const auto from = inputs<T>(args);
    const bool wide = aligned({from.x, from.dy, from.y}) && aligned(known);
    with_width<T>(channels % kWidest<T> == 0 && wide, [&](auto width) {
      const ColumnTiles tiles = column_tiles(rows, channels, width.value, kSummed);
      const auto scratch = engine::Scratch::floats(context, 2 * tiles.parts * channels);
      float* parts = scratch.as<float>();
      with_gate(args.relu, from.y != nullptr, [&](auto gate) {
        launch(tile_each(tiles, stream(context)), tile_gradient_sums<width.value, gate.value, T>, from, known, tiles,
               parts);
      });
      launch(totals_of(tiles, stream(context)), finish_gradient_sums, parts, tiles, dgamma, dbeta);
    });
  });
}

void batch_norm_backward_apply(const Context& context, const BatchNormBackwardApply& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Channels known = channels_of(args);
  const float* sums = args.rows ? args.sums.as<float>() : nullptr;
  const double* row_count = args.rows ? args.rows.as<double>() : nullptr;
  const bool accumulates = args.dx.accumulate || args.dresidual.accumulate;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const auto from = inputs<T>(args);
    const Target<T> dx(args.dx), dresidual(args.dresidual);
    const bool wide = aligned({from.x, from.dy, from.y, dx.to, dresidual.to, sums}) && aligned(known);
    with_width<T>(channels % kWidest<T> == 0 && wide, [&](auto width) {
      const ColumnTiles tiles = column_tiles(rows, channels, width.value, kMapped);
      with_gate(args.relu, from.y != nullptr, [&](auto gate) {
        with_flag(row_count != nullptr, [&](auto batch_statistics) {
          with_flag(accumulates, [&](auto accumulate) {
            launch(tile_each(tiles, stream(context)),
                   gradients<width.value, gate.value, batch_statistics.value, accumulate.value, T>, from, known, sums,
                   row_count, tiles, dx, dresidual);
          });
        });
      });
    });
  });
}

}  // namespace kernels::cuda
