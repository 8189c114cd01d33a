#include "kernels/cuda/upload_ahead.h"

#include <cstring>

#include "kernels/cuda/check.h"
#include "kernels/cuda/device_wait.h"

namespace kernels::cuda {

void UploadAhead::make_room(Slot& slot, std::size_t bytes) {
  if (!slot.free.get()) {
    slot.free = make_event();
    slot.arrived = make_event();
  }
  await(slot.free.get());
  if (slot.bytes >= bytes) return;
  const DeviceWait wait;          // memory is freed when all work is done
  slot.landing = DeviceMemory();  // before the larger ones are allocated
  slot.pinned = PinnedMemory();
  slot.bytes = 0;
  const std::size_t room = bytes + bytes / 4;  // batches of images that differ in size
  slot.pinned = make_pinned(room);
  slot.landing = make_device_memory(room);
  slot.bytes = room;
}

void UploadAhead::upload(void* to, std::size_t bytes, std::span<const engine::HostPiece> pieces) {
  if (!own_.get()) own_ = make_stream();
  Slot& slot = slots_[next_];
  next_ = (next_ + 1) % slots_.size();
  make_room(slot, bytes);
  for (const engine::HostPiece& piece : pieces)
    std::memcpy(static_cast<std::byte*>(slot.pinned.get()) + piece.offset, piece.data, piece.bytes);
  if (slot.landing.get()) {
    CUDA_CHECK(cudaMemcpyAsync(slot.landing.get(), slot.pinned.get(), bytes, cudaMemcpyHostToDevice, own_.get()));
    CUDA_CHECK(cudaEventRecord(slot.arrived.get(), own_.get()));
    CUDA_CHECK(cudaStreamWaitEvent(stream_, slot.arrived.get(), 0));
    CUDA_CHECK(cudaMemcpyAsync(to, slot.landing.get(), bytes, cudaMemcpyDeviceToDevice, stream_));
  } else {
    CUDA_CHECK(cudaMemcpyAsync(to, slot.pinned.get(), bytes, cudaMemcpyHostToDevice, stream_));
  }
  CUDA_CHECK(cudaEventRecord(slot.free.get(), stream_));
}

}  // namespace kernels::cuda
