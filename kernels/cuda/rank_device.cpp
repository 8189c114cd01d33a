#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/cuda/check.h"
#include "kernels/cuda/make_backend.h"
#include "kernels/runtime/launch.h"

namespace kernels::cuda {
namespace {

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

/// The number of this rank among those of its machine.
int local_rank(engine::Communicator& ranks) {
  const std::string own = host_name();
  const std::vector<std::string> hosts = ranks.exchange(own);
  if (const auto told = engine::launched().local_rank) return *told;
  return static_cast<int>(std::count(hosts.begin(), hosts.begin() + ranks.rank(), own));
}

/// What distinguishes a GPU from all others in the world.
std::string identity(int index) {
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  return {properties.uuid.bytes, sizeof properties.uuid.bytes};
}

/// What a rank tells the others: its GPU, or why it has none.
struct Choice {
  int index = -1;
  std::string text;  // "+" and the GPU's identity, or a sentence
};

Choice choose(int local) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) count = 0;
  if (count > 1 && local >= count) {
    return {.text = engine::concat(host_name(), " has ", count, " CUDA devices, and this is rank ", local + 1,
                                   " there: start no more ranks on a machine than it has GPUs")};
  }
  if (count == 0) {
    return {.text = engine::concat("CUDA finds no device on ", host_name(), " (", cudaGetErrorString(status),
                                   "): each rank needs one; look at CUDA_VISIBLE_DEVICES, or use --device cpu")};
  }
  const int index = count == 1 ? 0 : local;
  return {index, "+" + identity(index)};
}

}  // namespace

engine::Device device_of_rank(engine::Communicator& ranks) {
  const Choice own = choose(local_rank(ranks));
  const std::vector<std::string> all = ranks.exchange(own.text);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    EXPECTS(all[rank].starts_with('+'), "device: rank ", rank, " has no GPU: ", all[rank]);
    const auto same = std::find(all.begin(), all.end(), all[rank]) - all.begin();
    EXPECTS(same == static_cast<std::ptrdiff_t>(rank), "device: ranks ", same, " and ", rank,
            " would compute on the same GPU: start no more ranks on a machine than it has GPUs, and let "
            "CUDA_VISIBLE_DEVICES show them all to every rank, or to each another one");
  }
  return {engine::DeviceKind::cuda, own.index};
}

}  // namespace kernels::cuda
