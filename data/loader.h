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
  std::vector<std::uint8_t> images;               ///< [B,H,W,C]
  std::vector<std::uint64_t> counters;            ///< [B] epoch * size + example: the index for Philox
  std::vector<std::uint64_t> bits;                ///< [B]
  std::vector<LabelSet> label_sets;               ///< the source's
  std::vector<std::vector<std::int32_t>> labels;  ///< of each set: [B, per_example]

  /// Memory for `rows` examples of a source.
  void resize(const Source& source, std::int64_t rows);
  /// Example i of the source as row `row`.
  void read(const Source& source, std::int64_t row, std::int64_t i, std::uint64_t fetch);
};

struct LoaderOptions {
  std::int64_t batch_size = 0;
  std::uint64_t seed = 0;       ///< of the shuffle
  bool shuffle = true;          ///< off: every epoch visits the examples in the order of the source
  int workers = 1;              ///< threads that draw batches; each draws a whole batch
  int depth = 4;                ///< batches in memory: being drawn, waiting and on lease together
  std::int64_t first_step = 0;  ///< where a resumed run continues
  bool operator==(const LoaderOptions&) const = default;
};

/// Draws batches ahead of their use, on worker threads, into a ring of `depth` slots that is allocated once. Batches
/// come out in step order. Their contents are a function of (source, batch_size, seed, shuffle, step) alone, not of the
/// number of workers or the first step. The sequence does not end. Examples that do not fill a batch at the end of an
/// epoch are left out.
class Loader {
 public:
  /// A borrowed batch. Destroying it returns its slot, so destroy it as soon as the data has been read, and before the
  /// Loader.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    const HostBatch& operator*() const { return *batch_; }
    const HostBatch* operator->() const { return batch_; }
    /// The time for which next() blocked.
    double waited_ms() const { return waited_ms_; }

   private:
    friend class Loader;
    Lease(Loader& loader, const HostBatch& batch, double waited_ms)
        : loader_(&loader), batch_(&batch), waited_ms_(waited_ms) {}
    Loader* loader_;  // nullptr after a move
    const HostBatch* batch_;
    double waited_ms_;
  };

  /// `source` must outlive the loader. Throws engine::DataError if the batch is larger than the source, and
  /// engine::Error for options out of range.
  Loader(const Source& source, const LoaderOptions& options);
  /// Stops each worker after its current image, and drops the batches drawn ahead.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// The batch of the next step. Blocks until it is drawn; throws the source's exception if it failed for this batch
  /// (and again if called again). Not for concurrent calls.
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

  std::mutex mutex_;                        // guards all members below, except batches being drawn or on lease
  std::condition_variable_any slot_freed_;  // _any: it can wait with a stop token
  std::condition_variable batch_drawn_;
  std::vector<Slot> ring_;  // step s lives in slot s % depth
  std::int64_t next_to_draw_, next_to_lend_;

  std::vector<std::jthread> workers_;  // declared last: they end before the other members
};

}  // namespace data
