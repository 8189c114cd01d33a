#include "kernels/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/check.h"
#include "kernels/cuda/device_wait.h"
#include "kernels/runtime/pool.h"

namespace kernels::cuda {
namespace {

bool is_done(cudaEvent_t event) {
  const cudaError_t status = cudaEventQuery(event);
  if (status == cudaErrorNotReady) {
    cudaGetLastError();  // clears the status, so that no later call reports it as an error
    return false;
  }
  CUDA_CHECK(status);
  return true;
}

/// Calls body(offset, bytes) for pieces of at most `most` bytes.
template <class Body>
void in_pieces(std::size_t bytes, std::size_t most, const Body& body) {
  for (std::size_t at = 0; at < bytes; at += most) body(at, std::min(most, bytes - at));
}

}  // namespace

Staging::Block Staging::take(std::size_t bytes) {
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  CUDA_CHECK(cudaStreamIsCapturing(stream_, &capture));
  EXPECTS(capture == cudaStreamCaptureStatusNone,
          "capture: a step that is captured cannot copy between host and device; copy before or after it");
  const std::size_t rounded = engine::Pool::size_class(bytes);
  std::deque<Block>& blocks = blocks_[rounded];
  if (!blocks.empty() && (blocks.size() >= kMostUnderWay || is_done(blocks.front().done.get()))) {
    Block block = std::move(blocks.front());
    blocks.pop_front();
    await(block.done.get());
    return block;
  }
  return {make_pinned(rounded), make_event(), rounded};
}

void Staging::issue(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, const Block& block) {
  CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, stream_));
  CUDA_CHECK(cudaEventRecord(block.done.get(), stream_));
}

void Staging::give_back(Block block) { blocks_[block.bytes].push_back(std::move(block)); }

void Staging::upload(void* to, const void* host, std::size_t bytes) {
  in_pieces(bytes, most_bytes_, [&](std::size_t at, std::size_t count) {
    Block block = take(count);
    std::memcpy(block.memory.get(), static_cast<const std::byte*>(host) + at, count);
    issue(static_cast<std::byte*>(to) + at, block.memory.get(), count, cudaMemcpyHostToDevice, block);
    give_back(std::move(block));
  });
}

void Staging::download(void* host, const void* from, std::size_t bytes) {
  in_pieces(bytes, most_bytes_, [&](std::size_t at, std::size_t count) {
    const auto piece = read(static_cast<const std::byte*>(from) + at, count);
    std::memcpy(static_cast<std::byte*>(host) + at, piece->wait(), count);
  });
}

/// A copy to the host in flight. It owns its block until it is destroyed.
class Staging::Pinned final : public engine::Readback {
 public:
  Pinned(Staging& staging, Block block) : staging_(staging), block_(std::move(block)) {}
  ~Pinned() override { staging_.give_back(std::move(block_)); }
  bool arrived() const override { return is_done(block_.done.get()); }
  const void* wait() const override {
    await(block_.done.get());
    return block_.memory.get();
  }

 private:
  Staging& staging_;
  Block block_;
};

std::unique_ptr<engine::Readback> Staging::read(const void* from, std::size_t bytes) {
  Block block = take(bytes);
  issue(block.memory.get(), from, bytes, cudaMemcpyDeviceToHost, block);
  return std::make_unique<Pinned>(*this, std::move(block));
}

}  // namespace kernels::cuda
