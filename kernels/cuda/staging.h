#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>

#include "kernels/cuda/handles.h"
#include "kernels/runtime/backend.h"

namespace kernels::cuda {

/// Copies between the device and pageable host memory through reused pinned memory: cudaMemcpyAsync is not asynchronous
/// with pageable memory.
class Staging {
 public:
  /// Larger copies are split into pieces, which bounds the pinned memory.
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  explicit Staging(cudaStream_t stream, std::size_t most_bytes = kMostBytes)
      : stream_(stream), most_bytes_(most_bytes) {}

  /// Returns without waiting for the device, unless kMostUnderWay copies of this size are in flight.
  void upload(void* to, const void* host, std::size_t bytes);
  void download(void* host, const void* from, std::size_t bytes);
  std::unique_ptr<engine::Readback> read(const void* from, std::size_t bytes);

  /// The most uploads of one size in flight; it bounds how many steps the host runs ahead of the device.
  static constexpr std::size_t kMostUnderWay = 4;

 private:
  struct Block {
    PinnedMemory memory;
    Event done;  // recorded after the copy that uses the memory
    std::size_t bytes;
  };
  class Pinned;

  Block take(std::size_t bytes);
  void issue(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, const Block& block);
  void give_back(Block block);

  cudaStream_t stream_;
  std::size_t most_bytes_;
  std::map<std::size_t, std::deque<Block>> blocks_;  // by size, the least recently used first
};

}  // namespace kernels::cuda
