#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "data/permutation.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

/// Images smaller than this are taken several at a time: taking one costs as much as copying a few kilobytes.
constexpr std::int64_t kBytesAtOnce = 16 << 10;
constexpr std::int64_t kFewestBatches = 2, kMostBatches = 16;

/// Of images that differ in size, the mean of a few.
std::int64_t usual_image_bytes(const Source& source, const DecodeHint& hint) {
  if (source.layout().extent) return image_shape(source).elements();
  constexpr std::int64_t kSeen = 8;
  const std::int64_t seen = std::min(kSeen, source.size());
  Example example;
  std::int64_t bytes = 0;
  for (std::int64_t i = 0; i < seen; ++i) {
    const std::int64_t at = i * source.size() / seen;
    source.read({.example = at, .fetch = static_cast<std::uint64_t>(at)}, hint, example);
    bytes += static_cast<std::int64_t>(example.pixels.size());
  }
  return bytes / std::max<std::int64_t>(seen, 1);
}

}  // namespace

std::int64_t steps_per_epoch(std::int64_t examples, std::int64_t batch_size, LastBatch last_batch) {
  return (examples + (last_batch == LastBatch::drop ? 0 : batch_size - 1)) / batch_size;
}

Loader::Lease::Lease(Lease&& other) noexcept
    : loader_(std::exchange(other.loader_, nullptr)), batch_(other.batch_), waited_ms_(other.waited_ms_) {}

Loader::Lease::~Lease() {
  if (loader_ != nullptr) loader_->give_back(batch_->step);
}

Loader::Loader(const Source& source, const LoaderOptions& options)
    : source_(source), options_(options), step_to_read_(options.first_step), step_to_lend_(options.first_step) {
  EXPECTS(options.batch_size >= 1, "loader: expected a batch of at least one image, got ", options.batch_size);
  EXPECTS(options.parts >= 1 && options.part >= 0 && options.part < options.parts &&
              options.batch_size % options.parts == 0 && (options.parts == 1 || options.last_batch != LastBatch::keep),
          "loader: expected a part of ", options.parts, " equal parts of full batches, got part ", options.part, " of ",
          options.batch_size, " images");
  EXPECTS(options.workers >= 1, "loader: expected at least one worker, got ", options.workers);
  EXPECTS(options.ring_bytes >= 0, "loader: expected a ring of 0 bytes or more, got ", options.ring_bytes);
  EXPECTS(options.first_step >= 0, "loader: expected a first step of 0 or more, got ", options.first_step);
  if (options.batch_size > source.size()) {
    throw engine::DataError(engine::concat("loader: a batch of ", options.batch_size, " images does not fit into ",
                                           source.describe(), "; expected at most ", source.size(),
                                           ", lower --batch-size"));
  }
  steps_per_epoch_ = data::steps_per_epoch(source.size(), options.batch_size, options.last_batch);
  if (source.layout().extent) options_.hint = {};

  const std::int64_t image_bytes = std::max<std::int64_t>(usual_image_bytes(source, options.hint), 1);
  rows_at_once_ = std::clamp<std::int64_t>(kBytesAtOnce / image_bytes, 1,
                                           std::max<std::int64_t>(part_rows() / (4 * options.workers), 1));
  const std::int64_t later = source.layout().extent ? 0 : part_rows() * image_bytes;  // once it is read
  const std::int64_t fitting = options.ring_bytes / (HostBatch(source, part_rows()).bytes() + later);
  ring_.resize(static_cast<std::size_t>(std::clamp(fitting, kFewestBatches, kMostBatches)));
  for (Slot& slot : ring_) slot.batch = HostBatch(source, part_rows());
  for (std::int64_t step = options.first_step; step < options.first_step + depth(); ++step) open(slot_of(step), step);
  workers_.reserve(static_cast<std::size_t>(options.workers));
  for (int i = 0; i < options.workers; ++i) {
    try {
      workers_.emplace_back([this](const std::stop_token& stopped) { work(stopped); });
    } catch (const std::system_error& error) {
      throw engine::Error(engine::concat("loader: the system gives ", i, " of ", options.workers, " threads (",
                                         error.code().message(), "); use fewer with --workers, or raise the limits of ",
                                         "processes (ulimit -u) and memory (ulimit -v)"));
    }
  }
}

Loader::~Loader() {
  for (std::jthread& worker : workers_) worker.request_stop();  // stops all workers before it joins the first
}

std::int64_t Loader::rows_of(std::int64_t step) const {
  if (options_.last_batch != LastBatch::keep) return part_rows();
  const std::int64_t first = step % steps_per_epoch_ * options_.batch_size;
  return std::min(options_.batch_size, source_.size() - first);
}

/// What the row at `position` of an epoch shows.
Visit Loader::visit_at(const Permutation& shuffled, std::int64_t epoch, std::int64_t position) const {
  const std::int64_t size = source_.size(), wrapped = position % size;  // beyond the end in a batch that is filled up
  const std::int64_t i = options_.shuffle ? shuffled(wrapped) : wrapped;
  return {.example = i, .fetch = static_cast<std::uint64_t>(epoch * size + i)};
}

void Loader::open(Slot& slot, std::int64_t step) {
  slot.step = slot.batch.step = step;
  slot.left = slot.batch.rows = rows_of(step);
  slot.leased = false;
  slot.failure = nullptr;
  if (options_.parts == 1) return;
  const std::int64_t epoch = step / steps_per_epoch_;
  const Permutation shuffled(source_.size(), options_.seed, static_cast<std::uint64_t>(epoch));
  slot.batch.first_counter = visit_at(shuffled, epoch, step % steps_per_epoch_ * options_.batch_size).fetch;
}

Loader::Lease Loader::next() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  EXPECTS(!ended(step_to_lend_), "loader: all ", options_.steps, " batches have been lent");
  Slot& slot = slot_of(step_to_lend_);
  EXPECTS(!slot.leased, "loader: all ", ring_.size(),
          " batches are on lease; give one back before asking for the next");
  batch_read_.wait(lock, [&] { return slot.left == 0; });
  if (slot.failure) std::rethrow_exception(slot.failure);
  slot.leased = true;
  ++step_to_lend_;
  const std::chrono::duration<double, std::milli> waited = std::chrono::steady_clock::now() - start;
  return {*this, slot.batch, waited.count()};
}

StageTimes Loader::stage_times() {
  const std::lock_guard lock(mutex_);
  return stage_times_;
}

Loader::Work Loader::work_done() {
  const std::lock_guard lock(mutex_);
  return work_done_;
}

void Loader::give_back(std::int64_t step) {
  const std::lock_guard lock(mutex_);
  open(slot_of(step), step + depth());
  slot_opened_.notify_all();
}

void Loader::work(const std::stop_token& stopped) {
  Example example;  // its memory is reused
  StageTimes times;
  if (options_.times_stages) example.times = &times;
  std::unique_lock lock(mutex_);
  while (true) {
    slot_opened_.wait(lock, stopped,
                      [&] { return !ended(step_to_read_) && slot_of(step_to_read_).step == step_to_read_; });
    if (stopped.stop_requested()) return;
    Slot& slot = slot_of(step_to_read_);
    const std::int64_t begin = row_to_read_, end = std::min(begin + rows_at_once_, slot.batch.rows);
    row_to_read_ = end;
    if (end == slot.batch.rows) {
      ++step_to_read_;
      row_to_read_ = 0;
    }
    lock.unlock();
    const auto from = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    std::int64_t row = begin;
    times = {};
    try {
      const StageTimer timer(example.times, Stage::other);
      read(slot.batch, row, end, example, stopped);
    } catch (...) { failure = std::current_exception(); }
    for (std::size_t i = 0; i + 1 < times.ms.size(); ++i) times.of(Stage::other) -= times.ms[i];
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - from;
    lock.lock();
    stage_times_.add(times);
    work_done_.images += row - begin;
    work_done_.ms += took.count();
    // Of several failures, the same comes out whichever worker was first.
    if (failure && (!slot.failure || row < slot.failed_row)) {
      slot.failure = failure;
      slot.failed_row = row;
    }
    slot.left -= end - begin;
    if (slot.left == 0) batch_read_.notify_one();
  }
}

/// Reads rows [row, end); where it fails, `row` is the one that failed.
void Loader::read(HostBatch& batch, std::int64_t& row, std::int64_t end, Example& example,
                  const std::stop_token& stopped) {
  const std::int64_t epoch = batch.step / steps_per_epoch_,
                     first = batch.step % steps_per_epoch_ * options_.batch_size + options_.part * part_rows();
  const Permutation shuffled(source_.size(), options_.seed, static_cast<std::uint64_t>(epoch));
  for (; row < end && !stopped.stop_requested(); ++row) {
    const Visit visit = visit_at(shuffled, epoch, first + row);
    source_.read(visit, options_.hint, example);
    batch.store(row, visit, example);
  }
}

}  // namespace data
