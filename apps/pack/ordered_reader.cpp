#include "apps/pack/ordered_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/image/resize.h"

namespace apps {
namespace {

constexpr std::size_t kMostWaitingBytes = 256 << 20;

void shrink(data::Example& example, int channels, std::int64_t short_side) {
  const data::Extent from = example.extent;
  if (std::min(from.height, from.width) <= short_side) return;
  thread_local data::ResizeScratch scratch;
  const data::Extent to = data::covering(from, {.height = short_side, .width = short_side});
  data::Example& result = example.scratch();
  data::resize({.pixels = example.pixels.data(), .extent = from}, channels, to, result.resize(to, channels), scratch);
  std::swap(example.pixels, result.pixels);
  std::swap(example.extent, result.extent);
}

}  // namespace

OrderedReader::OrderedReader(const data::Source& source, std::int64_t short_side, int workers)
    : source_(source), short_side_(short_side), slots_(4 * static_cast<std::size_t>(workers)) {
  for (int i = 0; i < workers; ++i) workers_.emplace_back([this](const std::stop_token& stopped) { work(stopped); });
}

OrderedReader::~OrderedReader() {
  for (std::jthread& worker : workers_) worker.request_stop();
}

bool OrderedReader::may_read() const {
  if (to_read_ == source_.size() || to_read_ >= to_lend_ + static_cast<std::int64_t>(slots_.size()) - (lent_ ? 1 : 0))
    return false;
  return waiting_bytes_ < kMostWaitingBytes || to_read_ == to_lend_;
}

void OrderedReader::work(const std::stop_token& stopped) {
  std::unique_lock lock(mutex_);
  while (slot_free_.wait(lock, stopped, [this] { return may_read(); }) && !stopped.stop_requested()) {
    const std::int64_t i = to_read_++;
    Slot& slot = slot_of(i);
    lock.unlock();
    try {
      read(i, slot.example);
    } catch (...) { slot.failure = std::current_exception(); }
    lock.lock();
    slot.is_read = true;
    waiting_bytes_ += slot.example.pixels.size();
    if (i == to_lend_) next_is_read_.notify_one();
  }
}

void OrderedReader::read(std::int64_t i, data::Example& example) const {
  source_.read({.example = i, .fetch = static_cast<std::uint64_t>(i)}, {.least_side = short_side_}, example);
  if (short_side_ > 0) shrink(example, source_.layout().channels, short_side_);
}

void OrderedReader::give_back() {
  if (!lent_) return;
  Slot& slot = slot_of(to_lend_ - 1);
  slot.is_read = false;
  waiting_bytes_ -= slot.example.pixels.size();
  lent_ = false;
  slot_free_.notify_all();
}

const data::Example& OrderedReader::next() {
  std::unique_lock lock(mutex_);
  give_back();
  Slot& slot = slot_of(to_lend_);
  next_is_read_.wait(lock, [&] { return slot.is_read; });
  if (slot.failure) std::rethrow_exception(slot.failure);
  ++to_lend_;
  lent_ = true;
  return slot.example;
}

}  // namespace apps
