#include "tests/simt/interpreter/stream.h"

#include <set>
#include <utility>

namespace simt {
namespace {

std::set<Stream*>& streams() {
  static std::set<Stream*> all;
  return all;
}

Stream* captured_stream = nullptr;
bool valid = false;
std::vector<Work> captured;

}  // namespace

Pace& pace() {
  static Pace pace = Pace::at_once;
  return pace;
}

Stream::Stream() { streams().insert(this); }
Stream::~Stream() { streams().erase(this); }

void Stream::issue(Work work) {
  if (captures()) {
    captured.push_back(std::move(work));
    return;
  }
  waiting_.push_back(std::move(work));
  if (pace() == Pace::at_once) await(issued());
}

void Stream::proceed() {
  if (waiting_.empty()) return;
  const Work work = std::move(waiting_.front());
  waiting_.pop_front();
  try {
    work();
    ++done_;
  } catch (...) {
    ++done_;
    for (Stream* other : streams()) {
      other->done_ = other->issued();
      other->waiting_.clear();
    }
    throw;
  }
}

void Stream::await(std::uint64_t number) {
  while (!is_done(number) && !waiting_.empty()) proceed();
}

void Stream::begin_capture() {
  captured_stream = this;
  valid = true;
  captured.clear();
}
bool Stream::captures() const { return captured_stream == this; }
std::optional<std::vector<Work>> Stream::end_capture() {
  captured_stream = nullptr;
  std::vector<Work> all = std::exchange(captured, {});
  if (!valid) return {};
  return all;
}

Stream& stream(void* handle) {
  static Stream own;
  return handle == nullptr ? own : *static_cast<Stream*>(handle);
}

void await_all() {
  for (Stream* each : streams()) each->await(each->issued());
}

bool capturing() { return captured_stream != nullptr; }
void invalidate_capture() { valid = false; }

}  // namespace simt
