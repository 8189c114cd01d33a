#include "kernels/runtime/backend.h"

#include <chrono>

namespace engine {

void Backend::upload_ahead(void* to, [[maybe_unused]] std::size_t bytes, std::span<const HostPiece> pieces) {
  for (const HostPiece& piece : pieces)
    copy(static_cast<std::byte*>(to) + piece.offset, piece.data, piece.bytes, CopyKind::host_to_device);
}

double Backend::time_ms(const std::function<void()>& issue) {
  synchronize();
  const auto begin = std::chrono::steady_clock::now();
  issue();
  synchronize();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace engine
