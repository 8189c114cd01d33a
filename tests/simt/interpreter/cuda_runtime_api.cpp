// A stand-in for libcudart over the interpreter's memory and stream: only the functions that host code here calls.
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/stream.h"

namespace {

struct Event {
  simt::Stream* stream = nullptr;  // on which it was recorded last
  std::uint64_t number = 0;        // of the last work issued there before
  std::chrono::steady_clock::time_point done;
};
Event* event_of(cudaEvent_t handle) { return reinterpret_cast<Event*>(handle); }
void await(const Event& event) {
  if (event.stream != nullptr) event.stream->await(event.number);
}

using Graph = std::shared_ptr<const std::vector<simt::Work>>;
template <class Handle>
Graph* graph_of(Handle handle) {
  return reinterpret_cast<Graph*>(handle);
}

/// Two devices of the same memory, or those that SIMT_DEVICES names, as CUDA_VISIBLE_DEVICES does on a machine with
/// GPUs.
std::vector<std::string> visible_devices() {
  const char* named = std::getenv("SIMT_DEVICES");
  std::istringstream list(named != nullptr ? named : "0,1");
  std::vector<std::string> all;
  for (std::string name; std::getline(list, name, ',');) all.push_back(name);
  return all;
}

/// Checks for calls that are illegal during a stream capture: such a call makes the capture fail, even if its error is
/// ignored.
bool refused() {
  if (simt::capturing()) simt::invalidate_capture();
  return simt::capturing();
}
template <class Body>
cudaError_t outside_capture(const Body& body) {
  if (refused()) return cudaErrorStreamCaptureUnsupported;
  body();
  return cudaSuccess;
}

}  // namespace

extern "C" {
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  if (refused()) return cudaErrorStreamCaptureUnsupported;
  *memory = simt::allocate_global(bytes);
  return *memory != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFree(void* memory) {
  return outside_capture([=] {
    simt::await_all();  // a device does the same
    simt::free_global(memory);
  });
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  if (refused()) return cudaErrorStreamCaptureUnsupported;
  *memory = std::malloc(bytes);
  return *memory != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void* memory) {
  return outside_capture([=] {
    simt::await_all();
    std::free(memory);
  });
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = simt::free_global_bytes();
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  simt::stream(stream).issue([=] {
    simt::touch_from_host(from, bytes, false);
    simt::touch_from_host(to, bytes, true);
    if (bytes > 0) std::memmove(to, from, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  simt::stream(stream).issue([=] {
    simt::touch_from_host(memory, bytes, true);
    if (bytes > 0) std::memset(memory, value, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(visible_devices().size());
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  std::strcpy(properties->name, "SIMT interpreter");
  properties->multiProcessorCount = 1;
  visible_devices().at(static_cast<std::size_t>(device)).copy(properties->uuid.bytes, sizeof properties->uuid.bytes);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = reinterpret_cast<cudaStream_t>(new simt::Stream());
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return outside_capture([=] {
    simt::Stream& stream = simt::stream(handle);
    stream.await(stream.issued());
    delete &stream;
  });
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return outside_capture([=] {
    simt::Stream& stream = simt::stream(handle);
    stream.await(stream.issued());
  });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t handle, unsigned) {
  simt::stream(stream).issue([event = *event_of(handle)] { await(event); });
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = simt::stream(stream).captures() ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return outside_capture([=] { simt::stream(stream).begin_capture(); });
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!simt::stream(stream).captures()) return cudaErrorIllegalState;
  auto captured = simt::stream(stream).end_capture();
  if (!captured) return cudaErrorStreamCaptureInvalidated;
  *graph = reinterpret_cast<cudaGraph_t>(new Graph(std::make_shared<std::vector<simt::Work>>(*std::move(captured))));
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(new Graph(*graph_of(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  simt::stream(stream).issue([graph = *graph_of(executable)] {
    for (const simt::Work& work : *graph) work();
  });
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph_of(graph);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete graph_of(executable);
  return cudaSuccess;
}
cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = reinterpret_cast<cudaEvent_t>(new Event());
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  await(*event_of(event));
  delete event_of(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t on) {
  return outside_capture([=] {
    Event* event = event_of(handle);
    event->stream = &simt::stream(on);
    event->number = event->stream->issued() + 1;
    event->stream->issue([=] { event->done = std::chrono::steady_clock::now(); });
  });
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  const auto duration = event_of(end)->done - event_of(begin)->done;
  *ms = std::chrono::duration<float, std::milli>(duration).count();
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t handle) {
  if (refused()) return cudaErrorStreamCaptureUnsupported;
  const Event& event = *event_of(handle);
  if (event.stream == nullptr || event.stream->is_done(event.number)) return cudaSuccess;
  event.stream->proceed();  // so that polling comes to an end
  return cudaErrorNotReady;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return outside_capture([=] { await(*event_of(event)); });
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    default: return "another error";
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    default: return "an error that the interpreter does not name";
  }
}
}
