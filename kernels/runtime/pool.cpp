#include "kernels/runtime/pool.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "kernels/runtime/bytes_text.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/rounding.h"

namespace engine {
namespace {

/// Removes a block of this size from the cache; null if there is none.
void* pop(Pool::Cache& cache, std::size_t bytes) {
  const auto found = cache.find(bytes);
  if (found == cache.end() || found->second.empty()) return nullptr;
  void* memory = found->second.back();
  found->second.pop_back();
  return memory;
}

}  // namespace

std::size_t Pool::size_class(std::size_t bytes) {
  constexpr std::size_t kSmallest = 128;
  if (bytes <= kSmallest) return kSmallest;
  const std::size_t step = std::max(kSmallest, std::bit_floor(bytes - 1) / 8);
  return round_up(bytes, step);
}

Pool::~Pool() {
  assert(used_ == 0 && "a tensor outlives its context");
  trim_locked();
}

Pool::Block Pool::allocate(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t rounded = size_class(bytes);
  void* memory = take(rounded);
  if (memory == nullptr) memory = ask(rounded);
  used_ += rounded;
  peak_ = std::max(peak_, used_);
  return {memory, rounded};
}

void* Pool::take(std::size_t rounded) {
  if (capturing_ == nullptr) return pop(cached_, rounded);
  void* memory = pop(capturing_->free_, rounded);
  if (memory == nullptr) memory = pop(cached_, rounded);
  if (memory != nullptr) set_aside_.emplace(memory, capturing_);
  return memory;
}

void* Pool::ask(std::size_t rounded) {
  EXPECTS(capturing_ == nullptr, "capture: the pool has no free block of ", bytes_text(rounded),
          ", and a step that is captured cannot ask the system for one; run the same step once more before it");
  void* memory = backend_.allocate(rounded);
  if (memory == nullptr) {
    trim_locked();
    memory = backend_.allocate(rounded);
  }
  if (memory == nullptr) {
    const OutOfMemory::Bytes bytes{.wanted = rounded, .free = backend_.free_bytes(), .in_use = used_};
    throw OutOfMemory(concat("out of memory: wanted ", bytes_text(bytes.wanted), ", ", bytes_text(bytes.free),
                             " free on ", backend_.device(), ", ", bytes_text(bytes.in_use), " in use"),
                      bytes);
  }
  ++system_allocations_;
  held_ += rounded;
  return memory;
}

void Pool::release(Block block) noexcept {
  const std::lock_guard lock(mutex_);
  used_ -= block.bytes;
  if (capturing_ != nullptr) set_aside_.emplace(block.memory, capturing_);
  const auto owner = set_aside_.find(block.memory);
  Cache& cache = owner == set_aside_.end() ? cached_ : owner->second->free_;
  cache[block.bytes].push_back(block.memory);
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  EXPECTS(capturing_ == nullptr, "capture: memory cannot go back to the system while a step is captured");
  trim_locked();
}

void Pool::trim_locked() {
  if (!cached_.empty()) ++system_releases_;
  for (auto& [bytes, blocks] : cached_) {
    for (void* memory : blocks) backend_.deallocate(memory, bytes);
    held_ -= bytes * blocks.size();
  }
  cached_.clear();
}

Pool::Arena::Arena(Pool& pool) : pool_(pool) {
  const std::lock_guard lock(pool_.mutex_);
  EXPECTS(pool_.capturing_ == nullptr, "capture: one has begun already, and has not ended");
  pool_.capturing_ = this;
}

void Pool::Arena::end_capture() {
  const std::lock_guard lock(pool_.mutex_);
  if (pool_.capturing_ == this) pool_.capturing_ = nullptr;
}

Pool::Arena::~Arena() {
  end_capture();
  const std::lock_guard lock(pool_.mutex_);
  std::erase_if(pool_.set_aside_, [this](const auto& block) { return block.second == this; });
  for (auto& [bytes, blocks] : free_) {
    auto& cached = pool_.cached_[bytes];
    cached.insert(cached.end(), blocks.begin(), blocks.end());
  }
}

}  // namespace engine
