#include "kernels/runtime/pool.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "kernels/runtime/error.h"

using engine::Pool;

namespace {

/// Host memory with a limit, to test the pool when the system has no more.
class LimitedBackend final : public engine::Backend {
 public:
  explicit LimitedBackend(std::size_t limit) : free_(limit) {}
  engine::Device device() const override { return {}; }
  void* allocate(std::size_t bytes) override {
    if (bytes > free_) return nullptr;
    free_ -= bytes;
    return std::aligned_alloc(128, bytes);
  }
  void deallocate(void* memory, std::size_t bytes) noexcept override {
    free_ += bytes;
    std::free(memory);
  }
  std::size_t free_bytes() const override { return free_; }
  void copy(void*, const void*, std::size_t, engine::CopyKind) override {}
  std::unique_ptr<engine::Readback> read(const void*, std::size_t) override { return nullptr; }
  void fill_zero(void*, std::size_t) override {}
  void synchronize() override {}

 private:
  std::size_t free_;
};

}  // namespace

TEST_CASE("pool: counts used, peak and held bytes and reuses what was freed") {
  LimitedBackend backend(1 << 20);
  Pool pool(backend);
  const Pool::Block a = pool.allocate(1000);
  const Pool::Block b = pool.allocate(1);
  CHECK(a.bytes == 1024);
  CHECK(b.bytes == 128);
  CHECK(pool.used_bytes() == 1152);
  pool.release(a);
  CHECK(pool.used_bytes() == 128);
  CHECK(pool.peak_bytes() == 1152);
  CHECK(pool.held_bytes() == 1152);
  const Pool::Block c = pool.allocate(1024);
  CHECK(c.memory == a.memory);
  CHECK(pool.system_allocations() == 2);
  pool.release(c);
  pool.reset_peak();
  CHECK(pool.peak_bytes() == 128);
  pool.trim();
  CHECK(pool.held_bytes() == 128);
  pool.release(b);
}

TEST_CASE("pool: gives the cache back before it gives up, and then says what was wanted") {
  LimitedBackend backend(4096);
  Pool pool(backend);
  pool.release(pool.allocate(3000));
  const Pool::Block big = pool.allocate(4096);  // fits only after the cached block is returned to the system
  CHECK_THROWS_WITH_AS(pool.allocate(3 << 29), "out of memory: wanted 1.5 GiB, 0 bytes free on cpu, 4 KiB in use",
                       engine::OutOfMemory);
  try {
    pool.allocate(8192);
  } catch (const engine::OutOfMemory& error) {
    CHECK(error.bytes().wanted == 8192);
    CHECK(error.bytes().free == 0);
    CHECK(error.bytes().in_use == 4096);
    CHECK(std::string(error.with_remedy("buy some").what()).ends_with("4 KiB in use; buy some"));
  }
  pool.release(big);
}

TEST_CASE("pool: while a step is captured it serves from what it holds") {
  LimitedBackend backend(1 << 20);
  Pool pool(backend);
  pool.release(pool.allocate(1024));
  Pool::Arena arena(pool);
  const Pool::Block block = pool.allocate(1000);
  CHECK_THROWS_WITH_AS(
      pool.allocate(1024),
      "capture: the pool has no free block of 1 KiB, and a step that is captured cannot ask the system "
      "for one; run the same step once more before it",
      engine::Error);
  CHECK_THROWS_WITH_AS(pool.trim(), "capture: memory cannot go back to the system while a step is captured",
                       engine::Error);
  CHECK_THROWS_WITH_AS(Pool::Arena{pool}, "capture: one has begun already, and has not ended", engine::Error);
  pool.release(block);
  const Pool::Block again = pool.allocate(1024);  // within the capture, memory is reused
  CHECK(again.memory == block.memory);
  pool.release(again);
  CHECK(pool.system_allocations() == 1);
}

TEST_CASE("pool: what a captured graph used is nobody else's until the graph goes") {
  LimitedBackend backend(1 << 20);
  Pool pool(backend);
  const Pool::Block before = pool.allocate(1024);  // released during the capture
  pool.release(pool.allocate(2048));
  pool.release(pool.allocate(4096));
  Pool::Block after;  // released after the capture
  {
    Pool::Arena arena(pool);
    pool.release(before);
    pool.release(pool.allocate(2048));
    after = pool.allocate(4096);
    arena.end_capture();
    pool.release(after);
    CHECK(pool.used_bytes() == 0);
    for (const Pool::Block& used : {before, Pool::Block{nullptr, 2048}, after}) {
      const Pool::Block other = pool.allocate(used.bytes);
      CHECK(other.memory != used.memory);
      pool.release(other);
    }
    CHECK(pool.system_allocations() == 6);
    pool.trim();
    CHECK(pool.held_bytes() == 1024 + 2048 + 4096);
  }
  const Pool::Block free = pool.allocate(1024);
  CHECK(free.memory == before.memory);
  CHECK(pool.system_allocations() == 6);
  pool.release(free);
}

TEST_CASE("pool: a block that outlives its graph is an ordinary one") {
  LimitedBackend backend(1 << 20);
  Pool pool(backend);
  pool.release(pool.allocate(1024));
  Pool::Block block;
  {
    Pool::Arena arena(pool);
    block = pool.allocate(1024);
  }
  pool.release(block);
  const Pool::Block again = pool.allocate(1024);
  CHECK(again.memory == block.memory);
  pool.release(again);
}

TEST_CASE("pool: size classes waste at most an eighth and are multiples of 128") {
  for (std::size_t bytes = 1; bytes < 100000; bytes += 37) {
    const std::size_t rounded = Pool::size_class(bytes);
    CHECK(rounded >= bytes);
    CHECK(rounded % 128 == 0);
    CHECK((rounded <= 128 * ((bytes + 127) / 128) || rounded - bytes <= bytes / 8 + 1));
    CHECK(Pool::size_class(rounded) == rounded);
  }
}

TEST_CASE("pool: threads may allocate and release at once") {
  LimitedBackend backend(64 << 20);
  Pool pool(backend);
  const auto work = [&] {
    for (std::size_t i = 1; i < 2000; ++i) pool.release(pool.allocate(i * 7 % 5000 + 1));
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(pool.used_bytes() == 0);
}
