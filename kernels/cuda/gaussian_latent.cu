#include "kernels/gaussian_latent.h"

#include "kernels/cuda/sum_terms.h"
#include "kernels/float_types.h"
#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"

namespace kernels::cuda {
namespace {

/// A normal distribution per element, and where its noise comes from.
struct Distributions {
  const float *mean, *log_variance;
  std::int64_t n, d, part, parts;
  std::uint64_t seed;
  const std::int32_t* step;

  __host__ __device__ std::int64_t quads_per_row() const { return ceil_div(d, 4); }
  __host__ __device__ std::int64_t quads() const { return n * quads_per_row(); }
};

// Four neighbouring columns of a row: the numbers of one draw.
struct Quad {
  std::int64_t row, column, first;  // first: of its elements in memory
  int count;                        // fewer than 4 at the end of a row
};
__device__ __forceinline__ Quad quad_at(const Distributions& all, std::int64_t i) {
  const std::int64_t row = i / all.quads_per_row(), column = 4 * (i % all.quads_per_row());
  const std::int64_t left = all.d - column;
  return {row, column, row * all.d + column, left < 4 ? static_cast<int>(left) : 4};
}

__device__ __forceinline__ void draw_noise(const Distributions& all, const Quad& quad, float (&eps)[4]) {
  const engine::Philox random(all.seed, engine::Purpose::latent, 0,
                              static_cast<std::uint64_t>((__ldg(all.step) * all.parts + all.part) * all.n + quad.row));
  const engine::Philox::Block words = random.words(static_cast<std::uint32_t>(quad.column / 4));
  const NormalPair a = normal_pair(words.word[0], words.word[1]), b = normal_pair(words.word[2], words.word[3]);
  eps[0] = a.first;
  eps[1] = a.second;
  eps[2] = b.first;
  eps[3] = b.second;
}

/// values = from[0..count), zeros behind them. kWhole: rows are made of whole, aligned quads.
template <bool kWhole, class T>
__device__ __forceinline__ void load_quad(const T* from, int count, float (&values)[4]) {
  if constexpr (kWhole) {
    const auto lanes = load<4>(from);
#pragma unroll
    for (int j = 0; j < 4; ++j) values[j] = static_cast<float>(lanes.lane[j]);
  } else {
#pragma unroll
    for (int j = 0; j < 4; ++j) values[j] = j < count ? static_cast<float>(from[j]) : 0.0f;
  }
}
template <bool kWhole, bool kAccumulate, class T>
__device__ __forceinline__ void store_quad(T* to, int count, const float (&values)[4]) {
  if constexpr (kWhole) {
    write<kAccumulate>(to, values);
  } else {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (j < count) write<kAccumulate>(to[j], values[j]);
    }
  }
}

// The divergence of elements behind the end of a row is that of N(0, 1): 0.
template <bool kWhole, class T>
__global__ void __launch_bounds__(kThreads) sample(Distributions all, T* z, double* partials) {
  double divergence = 0;
  for (std::int64_t i = first_in_grid(); i < all.quads(); i += grid_stride()) {
    const Quad quad = quad_at(all, i);
    float mean[4], log_variance[4], values[4];
    load_quad<kWhole>(all.mean + quad.first, quad.count, mean);
    load_quad<kWhole>(all.log_variance + quad.first, quad.count, log_variance);
    draw_noise(all, quad, values);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float deviation = expf(0.5f * log_variance[j]);
      values[j] = mean[j] + deviation * values[j];
      divergence += 0.5f * (mean[j] * mean[j] + (deviation * deviation - 1 - log_variance[j]));
    }
    store_quad<kWhole, false>(z + quad.first, quad.count, values);
  }
  divergence = block_sum(divergence);
  if (threadIdx.x == 0) partials[blockIdx.x] = divergence;
}

/// The gradients that come in and go out; null where there is none.
template <class T>
struct Gradients {
  const T* dz;
  const float* dkl;
  float *dmean, *dlog_variance;
  bool add_to_mean, add_to_log_variance;
};

template <bool kWhole>
__device__ __forceinline__ void write_gradient(float* to, bool accumulate, int count, const float (&values)[4]) {
  if (to == nullptr) return;
  if (accumulate) {
    store_quad<kWhole, true>(to, count, values);
  } else {
    store_quad<kWhole, false>(to, count, values);
  }
}

template <bool kWhole, class T>
__global__ void __launch_bounds__(kThreads) propagate(Distributions all, Gradients<T> gradients) {
  const float factor = gradients.dkl != nullptr ? __ldg(gradients.dkl) / static_cast<float>(all.n) : 0.0f;
  for (std::int64_t i = first_in_grid(); i < all.quads(); i += grid_stride()) {
    const Quad quad = quad_at(all, i);
    float deviation[4], dmean[4] = {}, dlog_variance[4] = {};
    load_quad<kWhole>(all.log_variance + quad.first, quad.count, deviation);
#pragma unroll
    for (int j = 0; j < 4; ++j) deviation[j] = expf(0.5f * deviation[j]);
    if (gradients.dz != nullptr) {
      float eps[4];
      draw_noise(all, quad, eps);
      load_quad<kWhole>(gradients.dz + quad.first, quad.count, dmean);
#pragma unroll
      for (int j = 0; j < 4; ++j) dlog_variance[j] = 0.5f * dmean[j] * deviation[j] * eps[j];
    }
    if (gradients.dkl != nullptr) {
      float mean[4];
      load_quad<kWhole>(all.mean + quad.first, quad.count, mean);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        dmean[j] += factor * mean[j];
        dlog_variance[j] += 0.5f * factor * (deviation[j] * deviation[j] - 1);
      }
    }
    write_gradient<kWhole>(gradients.dmean == nullptr ? nullptr : gradients.dmean + quad.first, gradients.add_to_mean,
                           quad.count, dmean);
    write_gradient<kWhole>(gradients.dlog_variance == nullptr ? nullptr : gradients.dlog_variance + quad.first,
                           gradients.add_to_log_variance, quad.count, dlog_variance);
  }
}

template <class Args>
Distributions distributions_of(const Args& args) {
  return {.mean = args.mean.template as<float>(),
          .log_variance = args.log_variance.template as<float>(),
          .n = args.mean.shape.rows(),
          .d = args.mean.shape.cols(),
          .part = args.part,
          .parts = args.parts,
          .seed = args.seed,
          .step = args.step.template as<std::int32_t>()};
}

}  // namespace

// Bytes moved: mean, log_variance and z, once. One thread per four columns.
void gaussian_latent_forward(const Context& context, const GaussianLatentForward& args) {
  const Distributions all = distributions_of(args);
  const Launch how = strided(all.quads(), stream(context));
  const engine::Scratch scratch(context, how.grid.x * sizeof(double));
  double* partials = scratch.as<double>();
  with_float_type(args.z.dtype, [&]<class T>(T*) {
    T* z = args.z.as<T>();
    with_flag(all.d % 4 == 0 && aligned({all.mean, all.log_variance, z}),
              [&](auto whole) { launch(how, sample<whole.value, T>, all, z, partials); });
  });
  const float factor = static_cast<float>(1 / static_cast<double>(std::max<std::int64_t>(all.n, 1)));
  launch(block_each(1, stream(context)), sum_partials, partials, static_cast<int>(how.grid.x), factor,
         args.kl.as<float>());
}

// Bytes moved: dz, mean, log_variance and both gradients, once.
void gaussian_latent_backward(const Context& context, const GaussianLatentBackward& args) {
  const Distributions all = distributions_of(args);
  with_float_type(args.dz ? args.dz.dtype : Dtype::f32, [&]<class T>(T*) {
    const Gradients<T> gradients{.dz = args.dz ? args.dz.as<T>() : nullptr,
                                 .dkl = args.dkl ? args.dkl.as<float>() : nullptr,
                                 .dmean = args.dmean ? args.dmean.view.as<float>() : nullptr,
                                 .dlog_variance = args.dlog_variance ? args.dlog_variance.view.as<float>() : nullptr,
                                 .add_to_mean = args.dmean.accumulate,
                                 .add_to_log_variance = args.dlog_variance.accumulate};
    const bool whole =
        all.d % 4 == 0 && aligned({all.mean, all.log_variance, gradients.dz, gradients.dmean, gradients.dlog_variance});
    with_flag(whole, [&](auto is_whole) {
      launch(strided(all.quads(), stream(context)), propagate<is_whole.value, T>, all, gradients);
    });
  });
}

}  // namespace kernels::cuda
