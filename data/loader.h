#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/source.h"

namespace data {

/// One batch in host memory, as B rows.
struct HostBatch {
  std::int64_t step = 0;
  std::vector<std::uint8_t> images;     ///< [B,H,W,C]
  std::vector<std::uint64_t> counters;  ///< [B] epoch * size + example: the Philox index of the visit
  std::vector<std::uint64_t> bits;      ///< [B]
  std::vector<std::int32_t> labels;     ///< [B]
};

struct LoaderOptions {
  std::int64_t batch_size = 0;
  std::uint64_t seed = 0;       ///< of the shuffle
  bool shuffle = true;          ///< off: every epoch visits the examples in the order of the source
  int workers = 1;              ///< threads that draw batches; each draws a whole batch
  int depth = 4;                ///< batches in memory: being drawn, waiting and on lease together
  std::int64_t first_step = 0;  ///< where a resumed run goes on
};

/// Draws batches ahead of their use, on threads, into a ring of `depth` slots made once. Batches come out in step
/// order, and what they hold is a function of (source, batch_size, seed, shuffle, step) alone: the number of workers
/// and the first step change nothing. There is no last step. The examples that do not fill a batch at the end of an
/// epoch are left out.
class Loader {
 public:
  /// A batch on loan. Destroying it gives its slot back, so keep it no longer than the data is read, nor beyond the
  /// Loader.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    const HostBatch& operator*() const { return *batch_; }
    const HostBatch* operator->() const { return batch_; }
    /// How long next() blocked for this batch.
    double waited_ms() const { return waited_ms_; }

   private:
    friend class Loader;
    Lease(Loader& loader, const HostBatch& batch, double waited_ms)
        : loader_(&loader), batch_(&batch), waited_ms_(waited_ms) {}
    Loader* loader_;  // nullptr once moved from
    const HostBatch* batch_;
    double waited_ms_;
  };

  /// `source` must outlive the loader. Throws engine::DataError when the batch is larger than the source, engine::Error
  /// for options out of range.
  Loader(const Source& source, const LoaderOptions& options);
  /// Stops the workers after the image each is drawing; what was drawn ahead is dropped.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// The batch of the next step. Blocks until it is drawn; if the source threw for it, throws that (and does so again
  /// if asked again). For one thread at a time.
  Lease next();

 private:
  enum class State { free, drawing, ready, leased };
  struct Slot {
    State state = State::free;
    HostBatch batch;
    std::exception_ptr failure;
  };

  void work(const std::stop_token& stopped);
  void draw(HostBatch& batch, const std::stop_token& stopped) const;
  void give_back(std::int64_t step);
  Slot& slot_of(std::int64_t step) { return ring_[static_cast<std::size_t>(step % options_.depth)]; }

  const Source& source_;
  LoaderOptions options_;
  std::int64_t steps_per_epoch_;

  std::mutex mutex_;  // guards everything below, except the batch of a slot that is being drawn or on lease
  std::condition_variable_any slot_freed_;  // _any: its waits end on a stop token
  std::condition_variable batch_drawn_;
  std::vector<Slot> ring_;  // step s lives in slot s % depth
  std::int64_t next_to_draw_, next_to_lend_;

  std::vector<std::jthread> workers_;  // last, so that they end before what they use
};

}  // namespace data
