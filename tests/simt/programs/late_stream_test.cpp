// The device of interpreted programs: it runs work as late as allowed, and returns CUDA's errors for illegal calls in a
// capture.
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include "kernels/context.h"
#include "kernels/cuda/backend.h"
#include "kernels/runtime/error.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/stream.h"

namespace {

/// Device memory of one int, on the stream of a context.
struct Late {
  Late() { REQUIRE(cudaMalloc(reinterpret_cast<void**>(&memory), sizeof(int)) == cudaSuccess); }
  ~Late() { cudaFree(memory); }
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;

  engine::Context context = kernels::make_context({.device = {engine::DeviceKind::cuda, 0}});
  cudaStream_t stream = nullptr;
  int* memory = nullptr;
};

}  // namespace

TEST_CASE("late stream: nothing is done before somebody waits, and then in order") {
  Late device;
  int host = 5, back = 0;
  cudaMemcpyAsync(device.memory, &host, sizeof host, cudaMemcpyHostToDevice, device.stream);
  cudaMemcpyAsync(&back, device.memory, sizeof back, cudaMemcpyDeviceToHost, device.stream);
  CHECK(back == 0);
  host = 6;  // changed too early: the copy reads this value
  cudaStreamSynchronize(device.stream);
  CHECK(back == 6);
}

TEST_CASE("late stream: an event is not ready until what was issued before it is done") {
  Late device;
  int back = -1;
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  CHECK(cudaEventQuery(event) == cudaSuccess);  // never recorded
  cudaMemsetAsync(device.memory, 0, sizeof(int), device.stream);
  cudaMemcpyAsync(&back, device.memory, sizeof back, cudaMemcpyDeviceToHost, device.stream);
  cudaEventRecord(event, device.stream);
  cudaMemsetAsync(device.memory, 1, sizeof(int), device.stream);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  CHECK(back == -1);
  cudaEventSynchronize(event);
  CHECK(back == 0);
  CHECK(cudaEventQuery(event) == cudaSuccess);
  CHECK(*device.memory == 0);  // work after the event has not run yet
  cudaEventDestroy(event);
}

TEST_CASE("late stream: another stream's work is not done unless somebody waits for it") {
  Late device;
  cudaStream_t other = nullptr;
  cudaEvent_t event = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess);
  int back = 0;
  const auto download = [&] {
    cudaMemcpyAsync(&back, device.memory, sizeof back, cudaMemcpyDeviceToHost, device.stream);
    cudaStreamSynchronize(device.stream);
    return back;
  };
  cudaMemsetAsync(device.memory, 0, sizeof(int), device.stream);
  cudaMemsetAsync(device.memory, 1, sizeof(int), other);
  CHECK(download() == 0);
  cudaEventRecord(event, other);
  cudaStreamWaitEvent(device.stream, event, 0);
  CHECK(download() == 0x01010101);
  cudaEventDestroy(event);
  cudaStreamDestroy(other);
}

TEST_CASE("late stream: without memory to land in, an upload ahead waits for its turn") {
  Late device;
  int back[4] = {};
  simt::exhausted() = true;
  for (int step = 0; step < 4; ++step) {
    const engine::HostPiece whole{&step, sizeof step, 0};
    device.context.backend().upload_ahead(device.memory, sizeof step, {&whole, 1});
    cudaMemcpyAsync(&back[step], device.memory, sizeof step, cudaMemcpyDeviceToHost,
                    kernels::cuda::stream(device.context));
  }
  simt::exhausted() = false;
  device.context.backend().synchronize();
  for (int step = 0; step < 4; ++step) CHECK(back[step] == step);
}

TEST_CASE("late stream: what must not be called in a capture is an error, and no graph comes of it") {
  Late device;
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(device.stream, &graph) == cudaErrorIllegalState);
  for (const bool errs : {true, false}) {
    CAPTURE(errs);
    REQUIRE(cudaStreamBeginCapture(device.stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    cudaMemsetAsync(device.memory, 0, sizeof(int), device.stream);
    void* more = nullptr;
    if (errs) CHECK(cudaMalloc(&more, 1) == cudaErrorStreamCaptureUnsupported);
    CHECK(cudaStreamEndCapture(device.stream, &graph) == (errs ? cudaErrorStreamCaptureInvalidated : cudaSuccess));
    CHECK((graph == nullptr) == errs);
  }
  cudaGraphDestroy(graph);
}

TEST_CASE("late stream: an error loses what was issued behind it, and is met once") {
  Late device;
  bool went_on = false;
  simt::stream(device.stream).issue([] { throw engine::Error("a kernel went wrong"); });
  simt::stream(device.stream).issue([&] { went_on = true; });
  CHECK_THROWS_AS(cudaStreamSynchronize(device.stream), engine::Error);
  CHECK(cudaStreamSynchronize(device.stream) == cudaSuccess);
  CHECK_FALSE(went_on);
}
