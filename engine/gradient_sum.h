#pragma once
#include <cstdint>
#include <vector>

#include "engine/parameters.h"

namespace engine {

/// The sum of a parameter set's gradients over the ranks, bucket by bucket: a bucket is a range of the flat buffer, and
/// its sum begins as soon as the backward pass has completed its gradients, so that it travels while the rest is
/// computed. The sums are the same whatever the buckets are.
class GradientSum {
 public:
  struct Options {
    std::int64_t bucket_bytes = std::int64_t{8} << 20;  ///< of f32 gradients, at least; 0: one bucket
    Dtype sent_as = Dtype::f32;                         ///< or bf16: half as much to send, and sums are rounded
  };

  /// `parameters` must be allocated with gradients, and outlive it without moving. With one rank it does nothing.
  GradientSum(ParameterSet& parameters, const Options& options);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// Before a backward pass.
  void begin();
  /// After it, when all gradients are written: the gradients are then the sums.
  void finish();

 private:
  struct Bucket {
    std::int64_t first, count;  // in elements
    std::int64_t parameters;
    std::int64_t incomplete = 0;
    bool sent = false;
  };
  void complete(std::size_t parameter);
  void send(Bucket& bucket);

  ParameterSet& parameters_;
  Tensor rounded_;  // the whole buffer in bf16, if that is sent
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> bucket_of_;  // of each parameter
  bool active_ = false;
};

}  // namespace engine
