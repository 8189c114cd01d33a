// Our sort of slices against CUB's, which a step cannot use: released versions cannot be captured in a CUDA graph.
#include <doctest/doctest.h>

#include <cmath>
#include <cub/device/device_segmented_radix_sort.cuh>

#include "kernels/sliced_wasserstein.h"
#include "tests/cuda/both_devices.h"
#include "tests/simt/device_array.h"

using engine::Context;
using engine::Tensor;
using tests::DeviceArray;

namespace {

/// CUB's sorts of both sides: of keys alone and of keys with their rows.
class CubSorts {
 public:
  CubSorts(const Tensor& projections, const Tensor& prior)
      : k_(static_cast<int>(projections.shape()[0])),
        n_(static_cast<int>(projections.shape()[1])),
        projections_(static_cast<const float*>(engine::ConstView(projections).data)),
        prior_(static_cast<const float*>(engine::ConstView(prior).data)),
        offsets_(multiples(n_, k_)),
        rows_in_(numbers(n_, k_)),
        sorted(static_cast<std::size_t>(k_) * n_),
        sorted_prior(static_cast<std::size_t>(k_) * n_),
        rows(static_cast<std::size_t>(k_) * n_),
        workspace_(workspace_bytes()) {}

  void run(cudaStream_t stream) {
    std::size_t bytes = workspace_.bytes();
    issue(workspace_.data(), bytes, stream);
  }

 private:
  static std::vector<int> multiples(int n, int k) {
    std::vector<int> offsets;
    for (int j = 0; j <= k; ++j) offsets.push_back(j * n);
    return offsets;
  }
  static std::vector<int> numbers(int n, int k) {
    std::vector<int> rows;
    for (int i = 0; i < k * n; ++i) rows.push_back(i % n);
    return rows;
  }
  std::size_t workspace_bytes() {
    std::size_t bytes = 0;
    issue(nullptr, bytes, nullptr);
    return bytes;
  }
  void issue(void* workspace, std::size_t& bytes, cudaStream_t stream) {
    const int* begins = offsets_.data();
    std::size_t keys = bytes, pairs = bytes;
    CUDA_CHECK(cub::DeviceSegmentedRadixSort::SortKeys(workspace, keys, prior_, sorted_prior.data(), k_ * n_, k_,
                                                       begins, begins + 1, 0, 32, stream));
    CUDA_CHECK(cub::DeviceSegmentedRadixSort::SortPairs(workspace, pairs, projections_, sorted.data(), rows_in_.data(),
                                                        rows.data(), k_ * n_, k_, begins, begins + 1, 0, 32, stream));
    bytes = std::max(keys, pairs);
  }

  int k_, n_;
  const float *projections_, *prior_;
  DeviceArray<int> offsets_, rows_in_;

 public:
  DeviceArray<float> sorted, sorted_prior;
  DeviceArray<int> rows;

 private:
  DeviceArray<unsigned char> workspace_;
};

}  // namespace

TEST_CASE("cuda sliced_wasserstein: the ranks of CUB's segmented sort, and the times of both") {
  const Context context = tests::cuda_context();
  for (const std::int64_t n : {2048, 8192, 16384, 131072}) {
    constexpr std::int64_t kSlices = 128;
    const Tensor projections = tests::random_tensor(context, {kSlices, n}, 1),
                 prior = tests::random_tensor(context, {kSlices, n}, 2),
                 gradient = Tensor::empty(context, {kSlices, n}), loss = Tensor::empty(context, {});
    const auto ours = [&] {
      kernels::cuda::sliced_wasserstein(
          context, {.projections = projections, .prior = prior, .factor = 0.5f, .loss = loss, .gradient = gradient});
    };
    CubSorts cub(projections, prior);
    const auto theirs = [&] { cub.run(kernels::cuda::stream(context)); };
    ours();
    theirs();
    context.backend().synchronize();
    const std::vector<float> actual = gradient.to_host<float>(), sorted = cub.sorted.to_host(),
                             sorted_prior = cub.sorted_prior.to_host();
    const std::vector<int> rows = cub.rows.to_host();
    std::size_t wrong = 0;
    double squares = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const float difference = sorted[i] - sorted_prior[i];
      squares += static_cast<double>(difference) * difference;
      wrong +=
          actual[i / static_cast<std::size_t>(n) * static_cast<std::size_t>(n) + static_cast<std::size_t>(rows[i])] !=
          difference;
    }
    CHECK(wrong == 0);
    CHECK(loss.item() == doctest::Approx(0.5 * squares).epsilon(1e-6));
    MESSAGE("128 slices of ", n, ": ours, with loss and gradient, ", context.backend().time_ms(ours),
            " ms; CUB's two sorts ", context.backend().time_ms(theirs), " ms");
  }
}
