#include "kernels/runtime/backend.h"

#include <chrono>

namespace engine {

double Backend::time_ms(const std::function<void()>& issue) {
  synchronize();
  const auto begin = std::chrono::steady_clock::now();
  issue();
  synchronize();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace engine
