#include "kernels/cases/enqueue.h"

#include <algorithm>

#include "kernels/training.h"

namespace kernels {
namespace {

constexpr std::size_t kRows = 0, kQueue = 1, kStatus = 2;

}  // namespace

KernelCase<Enqueue> enqueue_case(const EnqueueExample& example) {
  const auto [n, k, d, step, nonfinite] = example;
  std::vector<double> rows, queue;
  for (std::int64_t i = 0; i < n * d; ++i) rows.push_back(static_cast<double>(i + 1));
  for (std::int64_t i = 0; i < k * d; ++i) queue.push_back(static_cast<double>(-i));
  return {.name = engine::concat(n, " rows of ", d, " into ", k, " at step ", step, nonfinite ? ", stopped" : ""),
          .buffers = {{.shape = {n, d}, .values = rows},
                      {.shape = {k, d}, .values = queue, .tolerance = 0},
                      {.shape = {kStatusSize},
                       .values = {static_cast<double>(step), static_cast<double>(nonfinite)},
                       .dtype = Dtype::i32}},
          .arguments =
              [](const std::vector<View>& on) {
                return Enqueue{.rows = on[kRows], .queue = on[kQueue], .status = on[kStatus]};
              },
          .definition =
              [=](CaseValues& v) {
                if (nonfinite) return;
                // As a queue whose oldest rows are overwritten, one step after the other.
                std::int64_t place = 0;
                for (std::int32_t t = 0; t < step % (k / n); ++t) place += n;
                std::copy(v[kRows].begin(), v[kRows].end(), v[kQueue].begin() + place * d);
              }};
}

}  // namespace kernels
