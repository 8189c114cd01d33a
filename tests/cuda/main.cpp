#define DOCTEST_CONFIG_IMPLEMENT
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>

/// Like tests/main.cpp, for tests that need a device: without one they print the words that make ctest report them as
/// Skipped.
int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const bool lists = argc > 1 && std::string_view(argv[1]).starts_with("--list");
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (!lists && (status != cudaSuccess || devices == 0)) {
    std::printf("[skipped] no CUDA device here: %s\n", cudaGetErrorString(status));
    return 0;
  }
  return context.run();
}
