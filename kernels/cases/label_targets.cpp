#include "kernels/cases/label_targets.h"

#include <algorithm>
#include <cmath>

namespace kernels {
namespace {

constexpr std::size_t kLabels = 0, kTargets = 1;

}  // namespace

KernelCase<LabelTargets> label_targets_case(const LabelTargetsExample& example) {
  const auto [n, m, k, kind, bad, unknown] = example;
  std::vector<double> labels;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < m; ++j)
      labels.push_back(i == bad && j == m / 2 ? unknown : static_cast<double>((7 * i + (i % 3 ? 3 * j : 0)) % k));
  }
  const bool shares = kind == LabelTargets::Kind::shares;
  return {.name = engine::concat(shares ? "shares" : "indicators", " of ", n, " rows with ", m, " of ", k, " classes"),
          .buffers = {{.shape = {n, m}, .values = labels, .dtype = Dtype::i32}, {.shape = {n, k}, .tolerance = 1e-7}},
          .arguments =
              [=](const std::vector<View>& on) {
                return LabelTargets{.labels = on[kLabels], .kind = kind, .targets = on[kTargets]};
              },
          .definition =
              [=](CaseValues& v) {
                for (std::int64_t i = 0; i < n; ++i) {
                  const auto of_row = v[kLabels].begin() + i * m;
                  for (std::int64_t j = 0; j < k; ++j) {
                    const auto same = static_cast<double>(std::count(of_row, of_row + m, static_cast<double>(j)));
                    v[kTargets][static_cast<std::size_t>(i * k + j)] = i == bad ? std::nan("")
                                                                       : shares ? same / static_cast<double>(m)
                                                                                : static_cast<double>(same > 0);
                  }
                }
              }};
}

}  // namespace kernels
