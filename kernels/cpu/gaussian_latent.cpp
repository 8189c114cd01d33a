#include "kernels/gaussian_latent.h"

#include <algorithm>

#include "kernels/cpu/fixed_order_sum.h"
#include "kernels/cpu/random_words.h"
#include "kernels/cpu/simd.h"

namespace kernels::cpu {
namespace {

/// exp(log_variance / 2), the standard deviation. Above e^88 its square, the variance, is infinite in any case.
template <class V>
V deviation_of(V log_variance) {
  const V half = log_variance * 0.5f;
  return exp(half > 88.0f ? V() + 88.0f : half);
}

/// The noise of a step's rows, some numbers at a time.
class Noise {
 public:
  template <class Args>
  explicit Noise(const Args& args)
      : seed_(args.seed),
        first_((*args.step.template as<std::int32_t>() * args.parts + args.part) * args.mean.shape.rows()) {}

  /// Calls body(at, count, eps) for all columns of a row, 64 or fewer at a time.
  template <class Body>
  void for_each(std::int64_t row, std::int64_t columns, const Body& body) const {
    const engine::Philox random(seed_, engine::Purpose::latent, 0, static_cast<std::uint64_t>(first_ + row));
    for (std::int64_t at = 0; at < columns; at += 4 * kDraws) {
      float eps[4 * kDraws];
      normal_numbers(RandomWords(random, static_cast<std::uint32_t>(at / 4)), 1, eps);
      body(at, std::min<std::int64_t>(4 * kDraws, columns - at), eps);
    }
  }

 private:
  std::uint64_t seed_;
  std::int64_t first_;
};

/// A gradient's row: adds to it or overwrites it.
struct GradientRow {
  float* to;  // or null: not wanted
  bool accumulate;

  GradientRow(const Destination& all, std::int64_t row)
      : to(all ? all.view.as<float>() + row * all.view.shape.cols() : nullptr), accumulate(all.accumulate) {}
  template <class V>
  void write(std::int64_t i, V value) const {
    if (to != nullptr) store(to + i, accumulate ? load_as<V>(to + i) + value : value);
  }
};

}  // namespace

void gaussian_latent_forward(const Context&, const GaussianLatentForward& args) {
  const std::int64_t n = args.mean.shape.rows(), d = args.mean.shape.cols();
  const Noise noise(args);
  with_float_type(args.z.dtype, [&]<class T>(T*) {
    const auto rows = [&](std::int64_t begin, std::int64_t end) {
      double total = 0;
      for (std::int64_t row = begin; row < end; ++row) {
        const float *mean = args.mean.as<float>() + row * d, *log_variance = args.log_variance.as<float>() + row * d;
        T* z = args.z.as<T>() + row * d;
        LaneSums divergence;
        noise.for_each(row, d, [&](std::int64_t at, std::int64_t count, const float* eps) {
          for_each_vector(count, [&]<class V>(std::int64_t i, V) {
            const V m = load_as<V>(mean + at + i), lv = load_as<V>(log_variance + at + i), s = deviation_of(lv);
            store(z + at + i, m + s * load_as<V>(eps + i));
            divergence += 0.5f * (m * m + (s * s - 1.0f - lv));
          });
        });
        total += static_cast<double>(divergence.total());
      }
      return total;
    };
    const double total = fixed_order_sum<double>(n, n * d, rows);
    *args.kl.as<float>() = static_cast<float>(total / static_cast<double>(std::max<std::int64_t>(n, 1)));
  });
}

void gaussian_latent_backward(const Context& context, const GaussianLatentBackward& args) {
  const std::int64_t n = args.mean.shape.rows(), d = args.mean.shape.cols();
  const Noise noise(args);
  const float factor = args.dkl ? *args.dkl.as<float>() / static_cast<float>(n) : 0;
  const auto for_each_row = [&](const auto& body) {
#pragma omp parallel for schedule(static) num_threads(context.threads()) if (n * d >= kParallelElements)
    for (std::int64_t row = 0; row < n; ++row) {
      body(row, args.mean.as<float>() + row * d, args.log_variance.as<float>() + row * d, GradientRow(args.dmean, row),
           GradientRow(args.dlog_variance, row));
    }
  };
  const auto divergence = [=]<class V>(V s) { return 0.5f * factor * (s * s - 1.0f); };
  if (!args.dz) {
    return for_each_row([&](std::int64_t, const float* mean, const float* log_variance, const GradientRow& dmean,
                            const GradientRow& dlog_variance) {
      for_each_vector(d, [&]<class V>(std::int64_t i, V) {
        dmean.write(i, factor * load_as<V>(mean + i));
        dlog_variance.write(i, divergence(deviation_of(load_as<V>(log_variance + i))));
      });
    });
  }
  with_float_type(args.dz.dtype, [&, with_divergence = static_cast<bool>(args.dkl)]<class T>(T*) {
    for_each_row([&](std::int64_t row, const float* mean, const float* log_variance, const GradientRow& dmean,
                     const GradientRow& dlog_variance) {
      const T* dz = args.dz.as<T>() + row * d;
      noise.for_each(row, d, [&](std::int64_t at, std::int64_t count, const float* eps) {
        for_each_vector(count, [&]<class V>(std::int64_t k, V) {
          const std::int64_t i = at + k;
          const V g = load_as<V>(dz + i), s = deviation_of(load_as<V>(log_variance + i));
          const V sample = 0.5f * g * s * load_as<V>(eps + k);
          dmean.write(i, with_divergence ? g + factor * load_as<V>(mean + i) : g);
          dlog_variance.write(i, with_divergence ? sample + divergence(s) : sample);
        });
      });
    });
  });
}

}  // namespace kernels::cpu
