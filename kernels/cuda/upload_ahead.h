#pragma once
#include <array>
#include <cstddef>
#include <span>

#include "kernels/cuda/handles.h"
#include "kernels/runtime/backend.h"

namespace kernels::cuda {

/// Uploads on a stream of their own, beside the work that the context's stream still has to do. They arrive in memory
/// of this object's; a copy within the device, which takes a fraction of the time, then brings them to their
/// destination in the order of the context's stream. So the destination keeps its address, which a captured step
/// contains, and the pool, whose blocks are ordered by one stream, has no part in it.
class UploadAhead {
 public:
  explicit UploadAhead(cudaStream_t stream) : stream_(stream) {}

  /// Returns as soon as the pieces have been read. It waits while both slots are in use, so the host is at most two
  /// batches ahead of the device.
  void upload(void* to, std::size_t bytes, std::span<const engine::HostPiece> pieces);

 private:
  /// One upload arrives while the one before waits for its turn on the context's stream.
  struct Slot {
    std::size_t bytes = 0;
    PinnedMemory pinned;
    DeviceMemory landing;  // empty if the device has no memory for it: then the upload waits for its turn
    Event arrived;         // the upload, on its own stream
    Event free;            // the slot: its bytes are at their destination
  };

  static void make_room(Slot& slot, std::size_t bytes);

  cudaStream_t stream_;
  Stream own_;  // created with the first upload: most contexts never see a batch
  std::array<Slot, 2> slots_;
  std::size_t next_ = 0;
};

}  // namespace kernels::cuda
