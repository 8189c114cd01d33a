#include "kernels/batch_norm.h"

#include <cmath>
#include <vector>

#include "kernels/cpu/loops.h"
#include "kernels/cpu/simd.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

using engine::Scratch;

/// Rows that are summed in f32 before their sums are added in double: few enough to be exact to a few ulp, and a fixed
/// number, so that results do not depend on the number of threads.
constexpr std::int64_t kChunkRows = 128;

/// Rows that are summed in registers before the sums are added to memory.
constexpr std::int64_t kGroupRows = 4;
static_assert(kChunkRows % kGroupRows == 0);

/// Sums two per-channel quantities over all rows: add(at, c, first, second) adds the terms of the elements from `at`
/// on, which belong to the channels from c on, to two vectors (or floats). Returns {first[C], second[C]} in double.
template <class Add>
std::vector<double> channel_sums(const Context& context, std::int64_t rows, std::int64_t channels, const Add& add) {
  const std::int64_t chunks = ceil_div(rows, kChunkRows);
  const Scratch partial(context, sizeof(float) * static_cast<std::size_t>(2 * chunks * channels));
  float* partials = partial.as<float>();
#pragma omp parallel for schedule(static) if (rows * channels >= kParallelElements)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    float *first = partials + 2 * chunk * channels, *second = first + channels;
    std::fill_n(first, 2 * channels, 0.0f);
    const std::int64_t begin = chunk * kChunkRows, end = std::min(rows, begin + kChunkRows);
    const auto add_rows = [=](std::int64_t row, auto count) {
      for_each_vector(channels, [=](std::int64_t c, auto zero) {
        auto a = load_as<decltype(zero)>(first + c), b = load_as<decltype(zero)>(second + c);
        for (std::int64_t i = 0; i < count; ++i) add((row + i) * channels + c, c, a, b);
        store(first + c, a);
        store(second + c, b);
      });
    };
    std::int64_t row = begin;
    for (; row + kGroupRows <= end; row += kGroupRows)
      add_rows(row, std::integral_constant<std::int64_t, kGroupRows>());
    for (; row < end; ++row) add_rows(row, std::integral_constant<std::int64_t, 1>());
  }
  std::vector<double> sums(static_cast<std::size_t>(2 * channels));
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const float* from = partials + 2 * chunk * channels;
    for (std::int64_t c = 0; c < 2 * channels; ++c) sums[static_cast<std::size_t>(c)] += from[c];
  }
  return sums;
}

/// gamma (x - mean) inv_std + beta as x * scale + shift.
struct Affine {
  std::vector<float> scale, shift;

  Affine(const ConstView& mean, const ConstView& inv_std, const ConstView& gamma, const ConstView& beta)
      : scale(static_cast<std::size_t>(gamma.shape.elements())), shift(scale.size()) {
    const float *m = mean.as<float>(), *s = inv_std.as<float>(), *g = gamma.as<float>();
    const float* b = beta ? beta.as<float>() : nullptr;
    for (std::size_t c = 0; c < scale.size(); ++c) {
      scale[c] = g[c] * s[c];
      shift[c] = (b ? b[c] : 0.0f) - m[c] * scale[c];
    }
  }
};

/// Calls body(std::bool_constant...) with both flags as compile-time constants.
template <class Body>
void with_flags(bool first, bool second, Body&& body) {
  const auto inner = [&](auto a) { second ? body(a, std::true_type{}) : body(a, std::false_type{}); };
  first ? inner(std::true_type{}) : inner(std::false_type{});
}

template <class Body>
void parallel_rows(std::int64_t rows, std::int64_t channels, Body&& body) {
#pragma omp parallel for schedule(static) if (rows * channels >= kParallelElements)
  for (std::int64_t row = 0; row < rows; ++row) body(row);
}

}  // namespace

void batch_norm_moments(const Context& context, const BatchNormMoments& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  auto* const count = args.moments.as<double>();
  double *mean = count + channels, *squares = mean + channels;
  if (rows == 0) return void(std::fill_n(count, 3 * channels, 0.0));
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    const T* x = args.x.as<T>();
    // Sums around the first row: otherwise a mean far from zero would cancel the squares.
    const std::vector<float> origins(x, x + channels);
    const float* origin = origins.data();
    const std::vector<double> sums =
        channel_sums(context, rows, channels, [=]<class V>(std::int64_t at, std::int64_t c, V& first, V& second) {
          const V d = load_as<V>(x + at) - load_as<V>(origin + c);
          first += d;
          second += d * d;
        });
    const auto n = static_cast<double>(rows);
    for (std::int64_t c = 0; c < channels; ++c) {
      const double offset = sums[static_cast<std::size_t>(c)] / n;
      const double variance = sums[static_cast<std::size_t>(channels + c)] / n - offset * offset;
      count[c] = n;
      mean[c] = origin[c] + offset;
      squares[c] = n * std::max(0.0, variance);
    }
  });
}

void batch_norm_merge(const Context&, const BatchNormMerge& args) {
  const std::int64_t parts = args.parts.shape[0], channels = args.parts.shape[2];
  const auto* const from = args.parts.as<double>();
  auto* const to = args.moments.as<double>();
  for (std::int64_t c = 0; c < channels; ++c) {
    ChannelMoments merged{};
    for (std::int64_t part = 0; part < parts; ++part) {
      const double* of_part = from + 3 * part * channels + c;
      merged = merged.with({of_part[0], of_part[channels], of_part[2 * channels]});
    }
    to[c] = merged.rows;
    to[channels + c] = merged.mean;
    to[2 * channels + c] = merged.squares;
  }
}

void batch_norm_finish(const Context&, const BatchNormFinish& args) {
  const std::int64_t channels = args.mean.shape.elements();
  const auto* const count = args.moments.as<double>();
  const double *means = count + channels, *squares = means + channels;
  float *mean = args.mean.as<float>(), *inv_std = args.inv_std.as<float>();
  float *running_mean = args.running_mean.as<float>(), *running_variance = args.running_variance.as<float>();
  const double m = args.momentum;
  for (std::int64_t c = 0; c < channels; ++c) {
    const double n = count[c], variance = n > 0 ? squares[c] / n : 0;
    mean[c] = static_cast<float>(means[c]);
    inv_std[c] = static_cast<float>(1 / std::sqrt(variance + args.epsilon));
    if (n == 0) continue;
    const double kept = args.unbiased && n > 1 ? squares[c] / (n - 1) : variance;
    running_mean[c] = static_cast<float>(m * running_mean[c] + (1 - m) * means[c]);
    running_variance[c] = static_cast<float>(m * running_variance[c] + (1 - m) * kept);
  }
  if (channels > 0 && count[0] > 0) ++*args.batches.as<std::int64_t>();
}

void batch_norm_running(const Context&, const BatchNormRunning& args) {
  const float *mean = args.running_mean.as<float>(), *variance = args.running_variance.as<float>();
  for (std::int64_t c = 0; c < args.mean.shape.elements(); ++c) {
    args.mean.as<float>()[c] = mean[c];
    args.inv_std.as<float>()[c] = 1 / std::sqrt(variance[c] + args.epsilon);
  }
}

void batch_norm_apply(const Context&, const BatchNormApply& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Affine affine(args.mean, args.inv_std, args.gamma, args.beta);
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    with_flags(args.relu, static_cast<bool>(args.residual), [&](auto relu, auto has_residual) {
      const T* x = args.x.as<T>();
      const T* residual = has_residual ? args.residual.as<T>() : nullptr;
      T* y = args.y.as<T>();
      const float *scale = affine.scale.data(), *shift = affine.shift.data();
      parallel_rows(rows, channels, [=](std::int64_t row) {
        const std::int64_t at = row * channels;
        for_each_vector(channels, [=]<class V>(std::int64_t c, V) {
          V z = load_as<V>(x + at + c) * load_as<V>(scale + c) + load_as<V>(shift + c);
          if constexpr (has_residual) z += load_as<V>(residual + at + c);
          if constexpr (relu) z = z > 0.0f ? z : V();
          store(y + at + c, z);
        });
      });
    });
  });
}

void batch_norm_backward_sums(const Context& context, const BatchNormBackwardSums& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Affine affine(args.mean, args.inv_std, args.gamma, args.beta);
  std::vector<double> sums;
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    with_flags(args.relu, static_cast<bool>(args.y), [&](auto relu, auto has_y) {
      const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
      const T* y = has_y ? args.y.as<T>() : nullptr;
      const float *scale = affine.scale.data(), *shift = affine.shift.data();
      const float *mean = args.mean.as<float>(), *inv_std = args.inv_std.as<float>();
      sums = channel_sums(context, rows, channels, [=]<class V>(std::int64_t at, std::int64_t c, V& first, V& second) {
        const V value = load_as<V>(x + at);
        V dz = load_as<V>(dy + at);
        if constexpr (relu) {
          V z;
          if constexpr (has_y) {
            z = load_as<V>(y + at);
          } else {
            z = value * load_as<V>(scale + c) + load_as<V>(shift + c);
          }
          dz = z > 0.0f ? dz : V();
        }
        first += dz * ((value - load_as<V>(mean + c)) * load_as<V>(inv_std + c));
        second += dz;
      });
    });
  });
  float* out = args.sums.as<float>();
  for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<float>(sums[i]);
  if (args.dgamma) write_elements<float>(args.dgamma, [=](std::int64_t c) { return out[c]; });
  if (args.dbeta) write_elements<float>(args.dbeta, [=](std::int64_t c) { return out[channels + c]; });
}

void batch_norm_backward_apply(const Context&, const BatchNormBackwardApply& args) {
  const std::int64_t rows = args.x.shape.rows(), channels = args.x.shape.cols();
  const Affine affine(args.mean, args.inv_std, args.gamma, args.beta);
  // dx = scale dz + slope x + constant, with the means over the batch folded into slope and constant.
  std::vector<float> slopes(static_cast<std::size_t>(channels)), constants(slopes.size());
  if (args.rows && rows > 0) {
    const double n = *args.rows.as<double>();
    const float *mean = args.mean.as<float>(), *inv_std = args.inv_std.as<float>(), *sums = args.sums.as<float>();
    for (std::int64_t c = 0; c < channels; ++c) {
      const double scale = affine.scale[static_cast<std::size_t>(c)];
      const double slope = -scale * inv_std[c] * sums[c] / n;
      slopes[static_cast<std::size_t>(c)] = static_cast<float>(slope);
      constants[static_cast<std::size_t>(c)] = static_cast<float>(-scale * sums[channels + c] / n - slope * mean[c]);
    }
  }
  with_float_type(args.x.dtype, [&]<class T>(T*) {
    with_flags(args.relu, static_cast<bool>(args.y), [&](auto relu, auto has_y) {
      const T *x = args.x.as<T>(), *dy = args.dy.as<T>();
      const T* y = has_y ? args.y.as<T>() : nullptr;
      T* dx = args.dx ? args.dx.view.as<T>() : nullptr;
      T* dresidual = args.dresidual ? args.dresidual.view.as<T>() : nullptr;
      const bool add_dx = args.dx.accumulate, add_dresidual = args.dresidual.accumulate;
      const float *scale = affine.scale.data(), *shift = affine.shift.data();
      const float *slope = slopes.data(), *constant = constants.data();
      parallel_rows(rows, channels, [=](std::int64_t row) {
        const std::int64_t at = row * channels;
        for_each_vector(channels, [=]<class V>(std::int64_t c, V) {
          const V value = load_as<V>(x + at + c), factor = load_as<V>(scale + c);
          V dz = load_as<V>(dy + at + c);
          if constexpr (relu) {
            V z;
            if constexpr (has_y) {
              z = load_as<V>(y + at + c);
            } else {
              z = value * factor + load_as<V>(shift + c);
            }
            dz = z > 0.0f ? dz : V();
          }
          if (dx != nullptr) {
            const V gradient = factor * dz + (load_as<V>(slope + c) * value + load_as<V>(constant + c));
            store(dx + at + c, add_dx ? load_as<V>(dx + at + c) + gradient : gradient);
          }
          if (dresidual != nullptr) store(dresidual + at + c, add_dresidual ? load_as<V>(dresidual + at + c) + dz : dz);
        });
      });
    });
  });
}

}  // namespace kernels::cpu
