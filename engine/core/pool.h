#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "engine/core/backend.h"

namespace engine {

/// A caching allocator over one backend. Blocks are rounded up to a size class (128 B to 1/8 octave) and kept for
/// reuse when freed, so a training step allocates from the system only the first time. Thread-safe.
///
/// Accounting is exact: `used_bytes` is the sum of the live blocks' rounded sizes, `peak_bytes` its maximum since
/// `reset_peak`, `held_bytes` what the pool has from the system.
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
  /// Throws engine::Error naming the wanted and the free bytes when the system has no more; the cache is given back
  /// first.
  Block allocate(std::size_t bytes);
  void release(Block block) noexcept;
  /// Gives cached blocks back to the system.
  void trim();

  std::size_t used_bytes() const { return used_; }
  std::size_t peak_bytes() const { return peak_; }
  std::size_t held_bytes() const { return held_; }
  /// How often the system was asked for memory: constant once a training loop has warmed up.
  std::int64_t system_allocations() const { return system_allocations_; }
  void reset_peak() { peak_ = used_; }

  static std::size_t size_class(std::size_t bytes);

 private:
  void trim_locked();

  Backend& backend_;
  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> cached_;
  std::size_t used_ = 0, peak_ = 0, held_ = 0;
  std::int64_t system_allocations_ = 0;
};

}  // namespace engine
