// The tests that several ranks run together, started by mpirun: every rank runs the same cases in the same order.
#define DOCTEST_CONFIG_IMPLEMENT
#if RANKS_ON_GPUS
#include <cuda_runtime_api.h>
#endif
#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "kernels/ranks/join.h"
#include "kernels/runtime/error.h"
#include "tests/ranks/ranks.h"

namespace {

engine::Communicator* joined = nullptr;

}  // namespace

engine::Communicator& tests::ranks() { return *joined; }

#if RANKS_ON_GPUS
engine::Device tests::device() { return {engine::DeviceKind::cuda, joined->rank()}; }

/// Why these tests cannot run here; empty if they can.
static std::string obstacle() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return engine::concat("no CUDA device here: ", cudaGetErrorString(status));
  return devices < joined->ranks() ? engine::concat("fewer than ", joined->ranks(), " CUDA devices here") : "";
}
#else
engine::Device tests::device() { return {}; }
static std::string obstacle() { return {}; }
#endif

int main(int argc, char** argv) {
  const std::unique_ptr<engine::Communicator> communicator = kernels::join_ranks();
  joined = communicator.get();
  joined->set_patience(60);
  if (const std::string why = obstacle(); !why.empty()) {
    std::printf("[skipped] %s\n", why.c_str());
    joined->leave();
    return 0;
  }
  doctest::Context context(argc, argv);
  context.setOption("no-intro", true);
  // A rank that leaves a case early would leave the others alone in it: all stop.
  context.setOption("abort-after", 1);
  const int result = context.run();
  if (context.shouldExit()) return result;
  if (result != 0) {
    std::fprintf(stderr, "a case failed on rank %d of %d\n", joined->rank(), joined->ranks());
    joined->abort(1);
    return 1;
  }
  joined->leave();
  return 0;
}
