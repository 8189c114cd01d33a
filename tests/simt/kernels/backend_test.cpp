#include "kernels/cuda/backend.h"

#include <doctest/doctest.h>

#include "engine/tensor.h"

using namespace engine;

TEST_CASE("cuda context: tensors go to the device and back, between its pool's blocks and the host") {
  const Context context(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  CHECK(context.on_cuda());
  const std::vector<float> values{1, 2, 3, 4, 5};
  const Tensor x = Tensor::from(context, {5}, values);
  CHECK(x.to_host<float>() == values);
  CHECK(Tensor::zeros(context, {3}).to_host<float>() == std::vector<float>(3));
  CHECK(Tensor::zeros(context, {0}).to_host<float>().empty());
}

TEST_CASE("cuda context: errors say what was wanted and what there is") {
  CHECK_THROWS_WITH_AS(kernels::cuda::CudaBackend(1),
                       "device: cuda:1 was asked for, but this machine has 1 CUDA devices; see --device", Error);
  const Context context(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  CHECK_THROWS_WITH_AS(Tensor::empty(context, {std::int64_t{1} << 40}),
                       doctest::Contains("free on cuda:0, 0 MiB in use; lower --batch-size"), Error);
}
