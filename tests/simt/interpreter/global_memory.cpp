#include "tests/simt/interpreter/global_memory.h"

#include <algorithm>
#include <cstring>

#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/launch.h"
#include "tests/simt/interpreter/mapping.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/set_up.h"
#include "tests/simt/interpreter/shared_memory.h"

namespace simt {
namespace {

constexpr std::size_t kAlignment = 256, kGap = 256;  // the alignment of cudaMalloc

char* arena = nullptr;
std::size_t used = 0, live = 0;
std::vector<Allocation> all;
std::size_t last_hit = 0;  // most accesses hit the same allocation as the last one

std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool holds(const Allocation& allocation, std::uintptr_t address, std::size_t bytes) {
  const std::size_t offset = address - reinterpret_cast<std::uintptr_t>(allocation.begin);
  return !allocation.freed && offset < allocation.bytes && bytes <= allocation.bytes - offset;
}

void start_afresh() {
  madvise(arena, used, MADV_DONTNEED);
  forget_global_accesses(used);
  all.clear();
  used = 0;
}

}  // namespace

void make_global_memory() { arena = map_memory(kArenaBytes); }

bool& exhausted() {
  static bool exhausted = false;
  return exhausted;
}

void* allocate_global(std::size_t bytes) {
  set_up();
  if (live == 0 && used > 0) start_afresh();
  const std::size_t begin = used + kGap, end = round_up(begin + bytes);
  if (exhausted() || bytes > kArenaBytes || end + kGap > kArenaBytes) return nullptr;
  std::memset(arena + used, kPoison, end + kGap - used);  // including the gaps on both sides
  used = end;
  all.push_back({arena + begin, bytes, false});
  ++live;
  return arena + begin;
}

void free_global(void* memory) {
  if (memory == nullptr) return;
  for (Allocation& allocation : all) {
    if (allocation.begin != memory || allocation.freed) continue;
    allocation.freed = true;
    --live;
    return;
  }
  throw Error("cudaFree of a pointer that was not allocated");
}

std::size_t free_global_bytes() { return kArenaBytes - used; }

bool in_global_range(std::uintptr_t address) { return global_offset(address) < kArenaBytes; }
std::size_t global_offset(std::uintptr_t address) { return address - reinterpret_cast<std::uintptr_t>(arena); }

bool in_allocation(std::uintptr_t address, std::size_t bytes) {
  if (last_hit < all.size() && holds(all[last_hit], address, bytes)) return true;
  const auto after = std::upper_bound(all.begin(), all.end(), address, [](std::uintptr_t value, const Allocation& a) {
    return value < reinterpret_cast<std::uintptr_t>(a.begin);
  });
  if (after == all.begin() || !holds(*(after - 1), address, bytes)) return false;
  last_hit = static_cast<std::size_t>(after - 1 - all.begin());
  return true;
}

const std::vector<Allocation>& allocations() { return all; }

std::uintptr_t damaged_gap() {
  const auto damaged = [](const char* begin, const char* end) -> std::uintptr_t {
    const char* found = std::find_if(begin, end, [](char byte) { return byte != kPoison; });
    return found == end ? 0 : reinterpret_cast<std::uintptr_t>(found);
  };
  for (const Allocation& allocation : all) {
    if (allocation.freed) continue;
    const char* end = allocation.begin + allocation.bytes;
    const char* gap_end = arena + round_up(static_cast<std::size_t>(end - arena)) + kGap;
    if (const auto before = damaged(allocation.begin - kGap, allocation.begin)) return before;
    if (const auto behind = damaged(end, gap_end)) return behind;
  }
  return 0;
}

void touch_from_host(const void* memory, std::size_t bytes, bool write) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  if (arena == nullptr || !in_global_range(address) || bytes == 0) return;
  if (!in_allocation(address, bytes)) {
    throw Error("host copy out of bounds: " + std::to_string(bytes) + " bytes at " + describe(address));
  }
  if (write) mark_initialised(global_offset(address), bytes);
}

std::vector<std::vector<char>> copy_of_global_memory() {
  std::vector<std::vector<char>> copy;
  for (const Allocation& a : all) {
    copy.push_back(a.freed ? std::vector<char>() : std::vector<char>(a.begin, a.begin + a.bytes));
  }
  return copy;
}

void restore_global_memory(const std::vector<std::vector<char>>& copy) {
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (!copy[i].empty()) std::memcpy(all[i].begin, copy[i].data(), copy[i].size());
}

}  // namespace simt
