#pragma once
#include "kernels/cases/similarity.h"
#include "tests/cases/kernel_case.h"

namespace tests {

/// Rows of a length, view 1 above view 2. Both views of an example are similar, so that some anchors find their
/// positive.
std::vector<double> similar_rows(std::int64_t n, std::int64_t d, double length = 1);

/// Both passes over the same similarities.
struct SimilarityCases {
  std::vector<KernelCase<kernels::SimilarityForward>> forward;
  std::vector<KernelCase<kernels::SimilarityBackward>> backward;
};

SimilarityCases similarity_cases();
/// Too many similarities for the interpreter.
SimilarityCases large_similarity_cases();

}  // namespace tests
