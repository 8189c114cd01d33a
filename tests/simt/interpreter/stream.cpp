#include "tests/simt/interpreter/stream.h"

#include <deque>
#include <utility>

namespace simt {
namespace {

std::deque<Work> waiting;
std::uint64_t done = 0;

bool captures = false, valid = false;
std::vector<Work> captured;

}  // namespace

Pace& pace() {
  static Pace pace = Pace::at_once;
  return pace;
}

void issue(Work work) {
  if (captures) {
    captured.push_back(std::move(work));
    return;
  }
  waiting.push_back(std::move(work));
  if (pace() == Pace::at_once) await(issued());
}

std::uint64_t issued() { return done + waiting.size(); }
bool is_done(std::uint64_t number) { return number <= done; }

void proceed() {
  if (waiting.empty()) return;
  const Work work = std::move(waiting.front());
  waiting.pop_front();
  ++done;
  try {
    work();
  } catch (...) {
    done = issued();
    waiting.clear();
    throw;
  }
}

void await(std::uint64_t number) {
  while (!is_done(number) && !waiting.empty()) proceed();
}

void begin_capture() {
  captures = valid = true;
  captured.clear();
}
bool capturing() { return captures; }
void invalidate_capture() { valid = false; }
std::optional<std::vector<Work>> end_capture() {
  captures = false;
  std::vector<Work> all = std::exchange(captured, {});
  if (!valid) return {};
  return all;
}

}  // namespace simt
