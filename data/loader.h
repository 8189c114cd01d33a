#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/host_batch.h"
#include "data/permutation.h"
#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// What happens to the examples at the end of an epoch that do not fill a batch: left out; filled up with the first
/// examples of the same epoch; or a batch of fewer rows, for evaluation.
enum class LastBatch { drop, fill, keep };

struct LoaderOptions {
  std::int64_t batch_size = 0;
  std::int64_t part = 0, parts = 1;  ///< which of how many equal parts of every batch is read: a rank's
  std::uint64_t seed = 0;            ///< of the shuffle
  bool shuffle = true;               ///< off: every epoch visits the examples in the order of the source
  LastBatch last_batch = LastBatch::drop;
  DecodeHint hint = {};                   ///< for images that differ in size; others keep theirs
  int workers = 1;                        ///< threads that read images
  std::int64_t ring_bytes = 256ll << 20;  ///< at most this much read ahead, but never fewer than two batches
  std::int64_t first_step = 0;            ///< where a resumed run continues
  std::int64_t steps = 0;                 ///< where to end, counted from step 0; 0: never
  bool times_stages = false;              ///< slower: clocks are read several times per image
  bool operator==(const LoaderOptions&) const = default;
};

/// How many batches an epoch of `examples` has.
std::int64_t steps_per_epoch(std::int64_t examples, std::int64_t batch_size, LastBatch last_batch);

/// Reads batches ahead of their use, on worker threads, into a ring of slots that is allocated once. The unit of work
/// is an image: all workers are busy with the next batches, however large these are. Batches come out in step order,
/// and one epoch follows another without a pause. Their contents are a function of (source, batch_size, seed, shuffle,
/// last_batch, step) alone, not of the number of workers, the size of the ring or the first step; the parts of a batch,
/// one after another, are the batch.
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
  /// Stops each worker after its current image, and drops the batches read ahead.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// The number of batches in memory: being read, waiting and on lease together.
  std::int64_t depth() const { return static_cast<std::int64_t>(ring_.size()); }

  /// Where the workers' processor time went so far; needs `times_stages`.
  StageTimes stage_times();
  /// What the workers have done so far: images, and the time that they were at work, all together.
  struct Work {
    std::int64_t images = 0;
    double ms = 0;
  };
  Work work_done();

  /// The batch of the next step. Blocks until it is read; throws the source's exception if it failed for this batch
  /// (and again if called again). Not for concurrent calls, and not after the last step.
  Lease next();

 private:
  struct Slot {
    HostBatch batch;
    std::int64_t step = -1;  ///< the step that it is for; moves on when a lease is given back
    std::int64_t left = 0;   ///< rows not yet read
    bool leased = false;
    std::exception_ptr failure;
    std::int64_t failed_row = 0;  ///< the first
  };
  void work(const std::stop_token& stopped);
  Visit visit_at(const Permutation& shuffled, std::int64_t epoch, std::int64_t position) const;
  void open(Slot& slot, std::int64_t step);
  void read(HostBatch& batch, std::int64_t& row, std::int64_t end, Example& example, const std::stop_token& stopped);
  void give_back(std::int64_t step);
  std::int64_t rows_of(std::int64_t step) const;
  std::int64_t part_rows() const { return options_.batch_size / options_.parts; }
  Slot& slot_of(std::int64_t step) { return ring_[static_cast<std::size_t>(step) % ring_.size()]; }
  bool ended(std::int64_t step) const { return options_.steps > 0 && step >= options_.steps; }

  const Source& source_;
  LoaderOptions options_;
  std::int64_t steps_per_epoch_;
  std::int64_t rows_at_once_;  // that a worker takes: one, or more where images are tiny

  std::mutex mutex_;                         // guards all members below, except rows being read and batches on lease
  std::condition_variable_any slot_opened_;  // _any: it can wait with a stop token
  std::condition_variable batch_read_;
  std::vector<Slot> ring_;
  std::int64_t step_to_read_, row_to_read_ = 0, step_to_lend_;
  StageTimes stage_times_;
  Work work_done_;

  std::vector<std::jthread> workers_;  // declared last: they end before the other members
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::LastBatch> = {"drop", "fill", "keep"};
