#include "kernels/cases/sliced_wasserstein.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kernels {
namespace {

constexpr std::size_t kProjections = 0, kPrior = 1, kLoss = 2, kGradient = 3;

/// Loss, and its gradient if there is a place for it, by the equation in kernels/sliced_wasserstein.h.
double define(const SlicedWassersteinExample& p, double factor, const std::vector<double>& projections,
              const std::vector<double>& prior, std::vector<double>* gradient) {
  double loss = 0;
  for (std::int64_t j = 0; j < p.slices; ++j) {
    const double* h = projections.data() + j * p.n;
    std::vector<double> q(prior.begin() + (prior.size() == static_cast<std::size_t>(p.n) ? 0 : j * p.n), prior.end());
    q.resize(static_cast<std::size_t>(p.n));
    std::stable_sort(q.begin(), q.end());
    std::vector<std::int64_t> order(static_cast<std::size_t>(p.n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return h[a] < h[b]; });
    for (std::size_t r = 0; r < order.size(); ++r) {
      const double difference = h[order[r]] - q[r];
      loss += factor * difference * difference;
      if (gradient != nullptr) (*gradient)[static_cast<std::size_t>(j * p.n + order[r])] = 2 * factor * difference;
    }
  }
  return loss;
}

}  // namespace

KernelCase<SlicedWasserstein> sliced_wasserstein_case(const SlicedWassersteinExample& p,
                                                      std::vector<double> projections, std::vector<double> prior) {
  const auto factor = 1 / static_cast<float>(p.slices * std::max<std::int64_t>(p.n, 1));
  const bool shared = prior.size() == static_cast<std::size_t>(p.n) && p.slices != 1;
  // Differences of numbers of about 1 are rounded, and the loss once more.
  std::vector<CaseBuffer> buffers{{.shape = {p.slices, p.n}, .values = std::move(projections)},
                                  {.shape = shared ? Shape{p.n} : Shape{p.slices, p.n}, .values = std::move(prior)},
                                  {.shape = Shape(), .tolerance = 1e-6}};
  if (p.in_place) buffers[kProjections].tolerance = 1e-6;
  if (p.gradient && !p.in_place) buffers.push_back({.shape = {p.slices, p.n}, .tolerance = 1e-6});
  KernelCase<SlicedWasserstein> result{
      .name = engine::concat(p.name, ", N = ", p.n, ", ", p.slices, " slices"),
      .buffers = std::move(buffers),
      .arguments =
          [p, factor](const std::vector<View>& on) {
            return SlicedWasserstein{.projections = on[kProjections],
                                     .prior = on[kPrior],
                                     .factor = factor,
                                     .loss = on[kLoss],
                                     .gradient = p.in_place   ? on[kProjections]
                                                 : p.gradient ? on[kGradient]
                                                              : View()};
          },
      .definition =
          [p, factor](CaseValues& v) {
            const std::vector<double> from = v[kProjections];
            std::vector<double>* gradient = p.in_place ? &v[kProjections] : p.gradient ? &v[kGradient] : nullptr;
            v[kLoss] = {define(p, static_cast<double>(factor), from, v[kPrior], gradient)};
          }};
  if (p.distinct && p.gradient && !p.in_place) {
    result.gradients = {{.result = kGradient,
                         .variable = kProjections,
                         .value =
                             [p, factor](const CaseValues& v) {
                               return define(p, static_cast<double>(factor), v[kProjections], v[kPrior], nullptr);
                             },
                         .step = 1e-8}};
  }
  return result;
}

}  // namespace kernels
