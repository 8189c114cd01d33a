#include "kernels/cuda/backend.h"

#include <doctest/doctest.h>

#include "engine/tensor.h"
#include "kernels/cuda/check.h"

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

TEST_CASE("cuda context: the model is the device's name and size, which plans are made for") {
  cudaDeviceProp device{};
  CUDA_CHECK(cudaGetDeviceProperties(&device, 0));
  CHECK(device.multiProcessorCount > 0);
  CHECK(kernels::cuda::CudaBackend(0).model() ==
        concat(device.name, ", ", device.multiProcessorCount, " multiprocessors"));
}

TEST_CASE("cuda context: errors say what was wanted and what there is") {
  int count = 0;
  CUDA_CHECK(cudaGetDeviceCount(&count));
  CHECK_THROWS_WITH_AS(
      (kernels::cuda::CudaBackend(count)),
      concat("device: cuda:", count, " was asked for, but this machine has ", count,
             count == 1 ? " CUDA device" : " CUDA devices", ", the first of which is cuda:0; see --device")
          .c_str(),
      Error);
  const Context context(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  if (count > 1) {
    CHECK_THROWS_WITH_AS(
        kernels::cuda::CudaBackend(1),
        "device: cuda:1 was asked for, but this process computes on cuda:0; use one process for each GPU", Error);
  }
  CHECK_THROWS_WITH_AS(Tensor::empty(context, {std::int64_t{1} << 40}),
                       doctest::Contains("free on cuda:0, 0 bytes in use"), OutOfMemory);
}

TEST_CASE("cuda context: what is read in the background is what the device held when that was asked for") {
  const Context context(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  const Tensor x = Tensor::from(context, {2}, std::vector<float>{1, 2});
  const auto readback = context.backend().read(View(x).data, x.bytes());
  x.upload<float>(std::vector<float>{3, 4});
  const auto* values = static_cast<const float*>(readback->wait());
  CHECK(readback->arrived());
  CHECK(values[0] == 1);
  CHECK(values[1] == 2);
  CHECK(x.to_host<float>() == std::vector<float>{3, 4});
}

TEST_CASE("cuda context: a captured step's memory comes from what the pool holds") {
  const Context context(std::make_unique<kernels::cuda::CudaBackend>(0), 1);
  const auto address = [&] { return View(Tensor::zeros(context, {100})).data; };
  const void* eager = address();
  Pool::Arena arena(context.pool());
  CHECK(address() == eager);
  CHECK_THROWS_WITH_AS(Tensor::zeros(context, {1000}), doctest::Contains("capture: the pool has no free block of"),
                       Error);
  arena.end_capture();
  CHECK(address() != eager);
}
