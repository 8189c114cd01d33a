#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/cuda/unique_handle.h"

namespace kernels::cuda {

using Stream = UniqueHandle<cudaStream_t, cudaStreamDestroy>;
using Event = UniqueHandle<cudaEvent_t, cudaEventDestroy>;
using PinnedMemory = UniqueHandle<void*, cudaFreeHost>;
using DeviceMemory = UniqueHandle<void*, cudaFree>;

/// A stream that does not wait for the default stream, on the current device.
Stream make_stream();
/// `flags` as cudaEventCreateWithFlags has them; without times an event costs least.
Event make_event(unsigned flags = cudaEventDisableTiming);
/// Throws if the host has no memory left to pin.
PinnedMemory make_pinned(std::size_t bytes);
/// Memory outside the pool; empty if the device has none left.
DeviceMemory make_device_memory(std::size_t bytes);

}  // namespace kernels::cuda
