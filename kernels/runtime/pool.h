#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/runtime/backend.h"

namespace engine {

/// A caching allocator over one backend. Blocks are rounded up to a size class (128 B to 1/8 octave) and kept for reuse
/// when freed, so that a training step allocates from the system only the first time. Thread-safe.
///
/// Accounting is exact: `used_bytes` is the sum of the live blocks' rounded sizes, `peak_bytes` its maximum since
/// `reset_peak`, `held_bytes` the total obtained from the system.
class Pool {
 public:
  explicit Pool(Backend& backend) : backend_(backend) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;
  };
  /// Throws OutOfMemory when the system has no more memory, after it has returned all cached blocks.
  Block allocate(std::size_t bytes);
  void release(Block block) noexcept;
  /// Returns cached blocks to the system.
  void trim();

  std::size_t used_bytes() const { return used_; }
  std::size_t peak_bytes() const { return peak_; }
  std::size_t held_bytes() const { return held_; }
  /// The number of allocations from the system: constant after the first steps of a training loop.
  std::int64_t system_allocations() const { return system_allocations_; }
  /// How often cached blocks were returned to the system.
  std::int64_t system_releases() const { return system_releases_; }
  void reset_peak() { peak_ = used_; }

  static std::size_t size_class(std::size_t bytes);

  using Cache = std::map<std::size_t, std::vector<void*>>;  ///< free blocks by size

  /// The memory of one captured graph, whose kernels contain its addresses. Until `end_capture` the pool allocates only
  /// from its cached blocks, because a capture does not allow calls to the system. All blocks allocated or released in
  /// that time are reserved for the graph's launches until the Arena is destroyed.
  class Arena {
   public:
    explicit Arena(Pool& pool);
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    void end_capture();

   private:
    friend Pool;
    Pool& pool_;
    Cache free_;  // reused by the same graph, in stream order
  };

 private:
  void trim_locked();
  void* take(std::size_t rounded);
  void* ask(std::size_t rounded);

  Backend& backend_;
  std::mutex mutex_;
  Cache cached_;
  Arena* capturing_ = nullptr;
  std::map<void*, Arena*> set_aside_;  // reserved blocks, free or in use, and their arenas
  std::size_t used_ = 0, peak_ = 0, held_ = 0;
  std::int64_t system_allocations_ = 0, system_releases_ = 0;
};

}  // namespace engine
