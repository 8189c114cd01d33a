#include "losses/random_slices.h"

#include <algorithm>

#include "kernels/linear.h"
#include "kernels/unit_directions.h"

namespace losses {
namespace {

using engine::Tensor;

/// Of slices that exist at a time: 32 MiB, unless one alone is larger.
constexpr std::int64_t kMostElements = 1 << 23;

}  // namespace

RandomSlices::RandomSlices(const char* loss, const Tensor& rows, std::int64_t count, const StepDraw& draw)
    : rows_(rows.detach()), share_(engine::share_of_rank(rows.context(), count)), draw_(draw) {
  expect_slices(loss, count, rows.context().ranks());
  at_once_ = std::clamp<std::int64_t>(kMostElements / std::max<std::int64_t>(rows.shape()[0], 1), 1, share_.count);
}

std::int64_t RandomSlices::parts() const { return kernels::ceil_div(share_.count, at_once_); }

Tensor RandomSlices::for_each(bool wants_gradient, const Body& body) const {
  const engine::Context& context = rows_.context();
  const std::int64_t n = rows_.shape()[0], d = rows_.shape()[1];
  const Tensor all_directions = Tensor::empty(context, {at_once_, d}),
               all_slices = Tensor::empty(context, {at_once_, n});
  const Tensor gradient = wants_gradient ? Tensor::empty(context, rows_.shape()) : Tensor();
  for (std::int64_t first = 0; first < share_.count; first += at_once_) {
    const std::int64_t k = std::min(at_once_, share_.count - first);
    const Tensor directions = all_directions.narrow(0, k), slices = all_slices.narrow(0, k);
    kernels::unit_directions(
        context, {.seed = draw_.seed, .step = draw_.step, .first = share_.first + first, .directions = directions});
    kernels::linear_forward(context, {.x = directions, .weight = rows_, .bias = {}, .y = slices});
    body(slices, first);
    if (!wants_gradient) continue;
    kernels::linear_wgrad(context,
                          {.dy = slices, .x = directions, .dweight = {.view = gradient, .accumulate = first > 0}});
  }
  return gradient;
}

void expect_slices(const char* loss, std::int64_t count, int ranks) {
  if (ranks == 1) {
    EXPECTS(count > 0, loss, ": the number of slices must be at least 1, got ", count);
  } else {
    EXPECTS(count >= ranks, loss, ": the number of slices must be at least that of the ranks, ", ranks, ", got ",
            count);
  }
}

}  // namespace losses
