#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/cuda/launch.h"
#include "tests/simt/device_array.h"

using kernels::cuda::launch;
using kernels::cuda::Launch;
using tests::DeviceArray;

namespace {

__global__ void who_comes_first(int* first) { atomicCAS(first, -1, static_cast<int>(blockIdx.x)); }

__global__ void wait_for_ever(int* flag) {
  while (atomicAdd(flag, 0) == 0) {}
}

}  // namespace

TEST_CASE("a result that depends on the order of blocks is an error, unless that was asked for") {
  const DeviceArray<int> first(std::vector<int>{-1});
  const Launch how{dim3(7), dim3(1)};
  CHECK_THROWS_WITH_AS(launch(how, who_comes_first, first.data()), doctest::Contains("result depends on the schedule"),
                       simt::Error);
  CUDA_CHECK(cudaMemsetAsync(first.data(), 0xff, first.bytes(), nullptr));
  simt::options().compare = false;
  launch(how, who_comes_first, first.data());
  simt::options().compare = true;
}

TEST_CASE("a kernel that never ends ends the process") {
  const pid_t child = fork();
  if (child == 0) {
    simt::options().timeout_seconds = 1;
    close(STDERR_FILENO);
    const DeviceArray<int> flag(std::vector<int>{0});
    launch(Launch{dim3(1), dim3(32)}, wait_for_ever, flag.data());
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 124);
}
