#include "kernels/sliced_wasserstein.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/slice_sort.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

/// Sums the squares of sorted projections minus the sorted prior, and writes their gradients to the rows that they came
/// from.
double match(const SliceSort& sorted, const float* prior, std::int64_t n, float factor, float* gradient) {
  const float* values = sorted.values();
  double squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t r = 0; r < n; ++r) {
    const auto difference = static_cast<double>(values[r] - prior[r]);
    squares += difference * difference;
  }
  if (gradient == nullptr) return squares;
  const std::uint32_t* rows = sorted.rows();
  for (std::int64_t r = 0; r < n; ++r) gradient[rows[r]] = 2 * factor * (values[r] - prior[r]);
  return squares;
}

}  // namespace

void sliced_wasserstein(const Context& context, const SlicedWasserstein& args) {
  expect_valid(args);
  const std::int64_t k = args.projections.shape[0], n = args.projections.shape[1];
  const bool shared = args.prior.shape.rank() == 1;
  const auto *projections = args.projections.as<float>(), *prior = args.prior.as<float>();
  float* gradient = args.gradient ? args.gradient.as<float>() : nullptr;
  const auto threads = static_cast<int>(std::min<std::int64_t>(context.threads(), std::max<std::int64_t>(k, 1)));
  const std::size_t own = SliceSort::bytes(n) * (shared ? 1 : 2);
  const engine::Scratch memory(context, own * static_cast<std::size_t>(threads));
  const engine::Scratch sums(context, static_cast<std::size_t>(k) * sizeof(double));
  auto* squares = sums.as<double>();
#pragma omp parallel num_threads(threads)
  {
    auto* mine = memory.as<unsigned char>() + own * static_cast<std::size_t>(omp_get_thread_num());
    SliceSort sorted(n, mine), sorted_prior(n, mine + (shared ? 0 : SliceSort::bytes(n)));
#pragma omp for schedule(static)
    for (std::int64_t j = 0; j < k; ++j) {
      if (!shared) sorted_prior.sort(prior + j * n);
      sorted.sort(projections + j * n);
      squares[j] = match(sorted, shared ? prior : sorted_prior.values(), n, args.factor,
                         gradient == nullptr ? nullptr : gradient + j * n);
    }
  }
  double total = 0;
  for (std::int64_t j = 0; j < k; ++j) total += squares[j];
  *args.loss.as<float>() = static_cast<float>(static_cast<double>(args.factor) * total);
}

}  // namespace kernels::cpu
