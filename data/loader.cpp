#include "data/loader.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "data/permutation.h"
#include "kernels/runtime/error.h"

namespace data {

void HostBatch::resize(const Source& source, std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows);
  images.resize(count * static_cast<std::size_t>(source.image_shape().elements()));
  counters.resize(count);
  bits.resize(count);
  label_sets = source.label_sets();
  labels.resize(label_sets.size());
  for (std::size_t set = 0; set < labels.size(); ++set)
    labels[set].resize(count * static_cast<std::size_t>(label_sets[set].per_example));
}

void HostBatch::read(const Source& source, std::int64_t row, std::int64_t i, std::uint64_t fetch) {
  const auto r = static_cast<std::size_t>(row);
  source.image(i, images.data() + row * source.image_shape().elements());
  counters[r] = fetch;
  bits[r] = source.bits(i, fetch);
  labels[0][r] = source.label(i);
  for (std::size_t set = 1; set < labels.size(); ++set)
    source.labels(set, i, bits[r], labels[set].data() + row * label_sets[set].per_example);
}

Loader::Lease::Lease(Lease&& other) noexcept
    : loader_(std::exchange(other.loader_, nullptr)), batch_(other.batch_), waited_ms_(other.waited_ms_) {}

Loader::Lease::~Lease() {
  if (loader_ != nullptr) loader_->give_back(batch_->step);
}

Loader::Loader(const Source& source, const LoaderOptions& options)
    : source_(source), options_(options), next_to_draw_(options.first_step), next_to_lend_(options.first_step) {
  EXPECTS(options.batch_size >= 1, "loader: expected a batch of at least one image, got ", options.batch_size);
  EXPECTS(options.workers >= 1, "loader: expected at least one worker, got ", options.workers);
  EXPECTS(options.depth >= 1, "loader: expected a depth of at least one batch, got ", options.depth);
  EXPECTS(options.first_step >= 0, "loader: expected a first step of 0 or more, got ", options.first_step);
  if (options.batch_size > source.size()) {
    throw engine::DataError(engine::concat("loader: a batch of ", options.batch_size, " images does not fit into ",
                                           source.describe(), "; expected at most ", source.size(),
                                           ", lower --batch-size"));
  }
  steps_per_epoch_ = source.size() / options.batch_size;

  ring_.resize(static_cast<std::size_t>(options.depth));
  for (Slot& slot : ring_) slot.batch.resize(source, options.batch_size);
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

Loader::Lease Loader::next() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  Slot& slot = slot_of(next_to_lend_);
  EXPECTS(slot.state != State::leased, "loader: all ", options_.depth,
          " batches are on lease; give one back before asking for the next, or raise the depth");
  batch_drawn_.wait(lock, [&] { return slot.state == State::ready; });
  if (slot.failure) std::rethrow_exception(slot.failure);
  slot.state = State::leased;
  ++next_to_lend_;
  const std::chrono::duration<double, std::milli> waited = std::chrono::steady_clock::now() - start;
  return {*this, slot.batch, waited.count()};
}

void Loader::give_back(std::int64_t step) {
  const std::lock_guard lock(mutex_);
  slot_of(step).state = State::free;
  slot_freed_.notify_all();
}

void Loader::work(const std::stop_token& stopped) {
  std::unique_lock lock(mutex_);
  while (true) {
    slot_freed_.wait(lock, stopped, [&] { return slot_of(next_to_draw_).state == State::free; });
    if (stopped.stop_requested()) return;
    Slot& slot = slot_of(next_to_draw_);
    slot.state = State::drawing;
    slot.batch.step = next_to_draw_++;
    lock.unlock();
    std::exception_ptr failure;
    try {
      draw(slot.batch, stopped);
    } catch (...) { failure = std::current_exception(); }
    lock.lock();
    slot.failure = failure;
    slot.state = State::ready;
    batch_drawn_.notify_one();
  }
}

void Loader::draw(HostBatch& batch, const std::stop_token& stopped) const {
  const std::int64_t size = source_.size();
  const std::int64_t epoch = batch.step / steps_per_epoch_;
  const std::int64_t first = batch.step % steps_per_epoch_ * options_.batch_size;
  const Permutation shuffled(size, options_.seed, static_cast<std::uint64_t>(epoch));
  for (std::int64_t row = 0; row < options_.batch_size && !stopped.stop_requested(); ++row) {
    const std::int64_t example = options_.shuffle ? shuffled(first + row) : first + row;
    batch.read(source_, row, example, static_cast<std::uint64_t>(epoch * size + example));
  }
}

}  // namespace data
