#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/runtime/backend.h"

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
  /// Throws OutOfMemory when the system has no more; the cache is given back first.
  Block allocate(std::size_t bytes);
  void release(Block block) noexcept;
  /// Gives cached blocks back to the system.
  void trim();

  std::size_t used_bytes() const { return used_; }
  std::size_t peak_bytes() const { return peak_; }
  std::size_t held_bytes() const { return held_; }
  /// How often the system was asked for memory: constant once a training loop has warmed up.
  std::int64_t system_allocations() const { return system_allocations_; }
  /// How often cached blocks were given back to it.
  std::int64_t system_releases() const { return system_releases_; }
  void reset_peak() { peak_ = used_; }

  static std::size_t size_class(std::size_t bytes);

  using Cache = std::map<std::size_t, std::vector<void*>>;  ///< free blocks by size

  /// The memory of one captured graph, whose kernels have addresses baked in. Until `end_capture` the pool serves from
  /// what it holds and refuses to ask the system, which no capture allows. Whatever it hands out or takes back in that
  /// time is set aside for the graph's launches until this goes.
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
    Cache free_;  // to be used again by the same graph, in the stream's order
  };

 private:
  void trim_locked();
  void* take(std::size_t rounded);
  void* ask(std::size_t rounded);

  Backend& backend_;
  std::mutex mutex_;
  Cache cached_;
  Arena* capturing_ = nullptr;
  std::map<void*, Arena*> set_aside_;  // blocks, free or in use, and whose they are
  std::size_t used_ = 0, peak_ = 0, held_ = 0;
  std::int64_t system_allocations_ = 0, system_releases_ = 0;
};

}  // namespace engine
