// Memory accesses of the device language on behalf of a thread: atomics, fences, asynchronous copies, matrix loads.
#include <cstring>

#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/publication.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/shared_memory.h"

namespace simt {

void* dynamic_shared_memory() { return dynamic_shared.begin; }

void fence() { block.current->fenced = true; }

void touch_atomic(void* at, unsigned bytes, const Place& place) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  if (address % bytes != 0) trap("misaligned atomic", place);
  const PlaceOfService here(place);
  check_access(address, bytes, true, true, &place);
  if (!block.current->fenced || !instrumented()) return;
  const Unobserved unobserved;
  publish(address);
}

void touch(const void* at, unsigned bytes, bool write, const Place& place) {
  const PlaceOfService here(place);
  check_access(reinterpret_cast<std::uintptr_t>(at), bytes, write, false, &place);
}

// The source is read when the copy is issued. The destination is undefined until the copy's group has been waited for:
// it holds poison in between and counts as written at both times, so that a missing wait, or a missing barrier on
// either side, is detected.
void copy_async(void* to, const void* from, unsigned bytes, unsigned from_bytes, Place place) {
  const auto address = reinterpret_cast<std::uintptr_t>(to);
  if (!in_shared_memory(address, bytes)) trap("cp.async destination is not shared memory", place);
  if (address % bytes != 0 || (from_bytes != 0 && reinterpret_cast<std::uintptr_t>(from) % bytes != 0)) {
    trap("misaligned cp.async", place);
  }
  if (from_bytes != 0) touch(from, from_bytes, false, place);
  AsyncCopy copy{to, bytes, {}, place};
  std::memcpy(copy.data, from, from_bytes);
  touch(to, bytes, true, place);
  std::memset(to, kPoison, bytes);
  mark_shared_uninitialised(address, bytes);
  const Unobserved unobserved;
  block.current->open_copies.push_back(copy);
}

void commit_copies() {
  const Unobserved unobserved;
  Thread& self = *block.current;
  self.committed_copies.push_back(std::move(self.open_copies));
  self.open_copies.clear();
}

void wait_for_copies(unsigned pending) {
  auto& groups = block.current->committed_copies;
  while (groups.size() > pending) {
    for (const AsyncCopy& copy : groups.front()) {
      touch(copy.to, copy.bytes, true, copy.place);
      std::memcpy(copy.to, copy.data, copy.bytes);
    }
    const Unobserved unobserved;
    groups.erase(groups.begin());
  }
}

}  // namespace simt
