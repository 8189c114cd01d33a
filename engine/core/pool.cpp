#include "engine/core/pool.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "engine/core/error.h"

namespace engine {
namespace {

std::string mebibytes(std::size_t bytes) { return concat(static_cast<double>(bytes >> 10) / 1024.0, " MiB"); }

}  // namespace

std::size_t Pool::size_class(std::size_t bytes) {
  constexpr std::size_t kSmallest = 128;
  if (bytes <= kSmallest) return kSmallest;
  const std::size_t step = std::max(kSmallest, std::bit_floor(bytes - 1) / 8);
  return (bytes + step - 1) / step * step;
}

Pool::~Pool() {
  assert(used_ == 0 && "a tensor outlives its context");
  trim_locked();
}

Pool::Block Pool::allocate(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t rounded = size_class(bytes);
  void* memory = nullptr;
  if (const auto found = cached_.find(rounded); found != cached_.end() && !found->second.empty()) {
    memory = found->second.back();
    found->second.pop_back();
  } else {
    memory = backend_.allocate(rounded);
    if (memory == nullptr) {
      trim_locked();
      memory = backend_.allocate(rounded);
    }
    if (memory == nullptr) {
      throw Error(concat("out of memory: wanted ", mebibytes(rounded), ", ", mebibytes(backend_.free_bytes()),
                         " free on ", backend_.device(), ", ", mebibytes(used_), " in use; lower --batch-size"));
    }
    ++system_allocations_;
    held_ += rounded;
  }
  used_ += rounded;
  peak_ = std::max(peak_, used_);
  return {memory, rounded};
}

void Pool::release(Block block) noexcept {
  const std::lock_guard lock(mutex_);
  cached_[block.bytes].push_back(block.memory);
  used_ -= block.bytes;
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked();
}

void Pool::trim_locked() {
  for (auto& [bytes, blocks] : cached_) {
    for (void* memory : blocks) backend_.deallocate(memory, bytes);
    held_ -= bytes * blocks.size();
  }
  cached_.clear();
}

}  // namespace engine
