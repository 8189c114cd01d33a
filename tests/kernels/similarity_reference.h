#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/cases/similarity.h"

namespace tests {

/// The cross-entropy's sums and gradient by the definition, of the rows of view 1 above those of view 2.
struct ContrastReference {
  std::vector<double> sums, du;

  ContrastReference(const std::vector<float>& u, std::int64_t n, std::int64_t d, double temperature,
                    bool within_views) {
    const kernels::SimilarityExample pairs{
        .n = n,
        .d = d,
        .candidates = within_views ? kernels::Candidates::others : kernels::Candidates::other_view,
        .temperature = static_cast<float>(temperature)};
    const auto contents = kernels::similarity_contents(pairs, {u.begin(), u.end()});
    sums = results_of(similarity_forward_case(pairs, contents))[kernels::kSums];
    du = results_of(similarity_backward_case(pairs, contents))[kernels::kDu];
  }

 private:
  template <class Args>
  static CaseValues results_of(const KernelCase<Args>& each) {
    CaseValues values = start_of(each.buffers);
    each.definition(values);
    return values;
  }
};

/// The norm of the difference divided by the norm of the expected values.
inline double relative_error(const std::vector<float>& actual, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace tests
