#pragma once
#include "kernels/cases/kernel_case.h"
#include "kernels/similarity.h"

namespace kernels {

struct SimilarityExample {
  std::int64_t n, d;
  Candidates candidates = Candidates::others;
  std::int64_t queue_rows = 0;
  AnchorRule rule = {};
  LossScale scale = {};
  Dtype dtype = Dtype::f32;
  float temperature = 0.1f, sharpness = 1, dloss = 1;
  std::int64_t first = 0, some = -1;  ///< anchors; -1: all
  std::int64_t kept = 0;              ///< elements for what the forward pass leaves
  bool temperature_on_device = false, bf16_products = false, accumulate = false, skewed = false;
  bool unit_rows = false;  ///< whether the kernel is told that the length is 1
  double length = 1;       ///< of the rows
  bool relative = false;   ///< whether tolerances are relative to results that are far below 1

  std::int64_t anchors() const { return some < 0 ? n : some; }
  std::int64_t views() const { return candidates == Candidates::queue ? 1 : 2; }
  bool weighted() const { return rule.beta > 0; }
};

struct SimilarityContents {
  std::vector<double> u;           // [2n,d], view 1 above view 2
  std::vector<double> queue = {};  // [queue_rows,d]
  std::vector<double> weights = {}, lse = {}, attraction = {};
  std::vector<double> weights_lse = {};  // of all anchors, for a backward pass with the sharpness of the weights
  std::vector<double> du = {};           // what the gradient is added to
  double loss = 0;
};

/// The buffers of both passes: those of the forward pass are the first. A forward pass in the memory of a backward pass
/// leaves there what that reads.
enum SimilarityBuffer : std::size_t {
  kU,
  kQueue,
  kTemperature,
  kWeights,
  kLse,
  kPositive,
  kAttraction,
  kCorrect,
  kSums,
  kKept,
  kDloss,
  kDu,
};

/// Of rows alone: all that both passes read, by the definition.
SimilarityContents similarity_contents(const SimilarityExample& example, std::vector<double> u,
                                       std::vector<double> queue = {});

KernelCase<SimilarityForward> similarity_forward_case(const SimilarityExample& example,
                                                      const SimilarityContents& contents);
KernelCase<SimilarityBackward> similarity_backward_case(const SimilarityExample& example,
                                                        const SimilarityContents& contents);

}  // namespace kernels
