#include "tests/simt/interpreter/access_checker.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "tests/simt/interpreter/fibers.h"
#include "tests/simt/interpreter/global_memory.h"
#include "tests/simt/interpreter/mapping.h"
#include "tests/simt/interpreter/program_image.h"
#include "tests/simt/interpreter/publication.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"
#include "tests/simt/interpreter/shared_memory.h"

namespace simt {

Epochs epochs;

namespace {

bool sees_accesses = false;

/// The thread and time of an access to a granule, packed: epoch 32 bits, thread 10, clock 13, atomic 1, bytes touched 4
/// and, for a write, bytes initialised 4.
using Record = std::uint64_t;
constexpr Record kIdentity = ~Record{0xff};  // epoch, thread, clock, atomic
constexpr Record kFromHost = 0xff;           // epoch 0, all bytes initialised
constexpr unsigned kLargestClock = (1u << 13) - 1;

std::uint32_t epoch_of(Record record) { return static_cast<std::uint32_t>(record >> 32); }
unsigned thread_of(Record record) { return record >> 22 & 1023; }
unsigned clock_of(Record record) { return record >> 9 & kLargestClock; }
bool is_atomic(Record record) { return (record >> 8 & 1) != 0; }
unsigned touched_bytes(Record record) { return record >> 4 & 15; }
unsigned initialised_bytes(Record record) { return record & 15; }

/// The last write of a granule and two readers. Two are enough: any later unordered write races with one of them.
struct Cell {
  Record write, read, other_read;
};

constexpr unsigned kSharedGranule = 2, kGlobalGranule = 4;  // bytes
Cell* global_cells = nullptr;
std::vector<Cell> dynamic_cells, static_cells;

unsigned own_clock(const Warp& warp, unsigned lane) {
  return warp.clock_epoch == epochs.now ? warp.clock[lane][lane] : 1;
}

/// Whether no synchronisation orders the recorded access before the running thread's access now.
template <bool kShared>
bool unordered(Record record) {
  const std::uint32_t then = epoch_of(record);
  if (then < epochs.launch) return false;
  if (then < epochs.block) return !kShared && !acquired(then);  // an access by another block
  if (then != epochs.now) return false;
  const Thread& self = *block.current;
  const unsigned other = thread_of(record);
  if (other == self.rank) return false;
  if (other / kLanes != self.warp) return true;
  const Warp& warp = block.warps[self.warp];
  const unsigned seen = warp.clock_epoch == epochs.now ? warp.clock[self.lane][other % kLanes] : 0;
  return clock_of(record) > seen;
}

[[gnu::noinline, gnu::cold]] void report_race(Record with, bool with_write, bool write, std::uintptr_t address,
                                              const void* code) {
  const Unobserved unobserved;
  std::ostringstream out;
  out << "race: " << name_current() << (write ? " writes " : " reads ") << describe(address) << ", unordered with the "
      << (with_write ? "write" : "read") << " by ";
  if (epoch_of(with) < epochs.block) out << "block " << block_at(epoch_of(with)) << ' ';
  out << name_thread(thread_of(with));
  report(out.str(), code, ReportKind::race);
}

[[gnu::noinline, gnu::cold]] void report_uninitialised(std::uintptr_t address, const void* code) {
  const Unobserved unobserved;
  report("uninitialised: " + name_current() + " reads " + describe(address), code, ReportKind::uninitialised);
}

[[noreturn, gnu::cold]] void out_of_bounds(std::uintptr_t address, unsigned bytes, bool write, const void* code) {
  observed = nullptr;
  std::ostringstream out;
  out << "out of bounds: " << name_current() << (write ? " writes " : " reads ") << bytes << " bytes at "
      << describe(address) << "  [" << code_place(code) << "]";
  abandon(out.str());
}

/// Checks and records an access; `cells` is the shadow of the first granule, and `offset` counts bytes from there.
template <unsigned kGranule, bool kShared>
void check_cells(Cell* cells, std::uintptr_t offset, unsigned bytes, bool write, bool atomic, std::uintptr_t address,
                 const void* code) {
  const Thread& self = *block.current;
  const Record identity = Record{epochs.now} << 32 | Record{self.rank} << 22 |
                          Record{own_clock(block.warps[self.warp], self.lane)} << 9 | Record{atomic} << 8;
  for (const std::uintptr_t end = offset + bytes; offset < end;) {
    Cell& cell = cells[offset / kGranule];
    const auto first = static_cast<unsigned>(offset % kGranule);
    const auto last = static_cast<unsigned>(std::min<std::uintptr_t>(kGranule, first + (end - offset)));
    const unsigned mask = ((1u << last) - 1) & ~((1u << first) - 1);
    const unsigned initialised = kShared && epoch_of(cell.write) < epochs.block ? 0 : initialised_bytes(cell.write);
    const auto conflicts = [mask](Record record) {
      return (touched_bytes(record) & mask) != 0 && unordered<kShared>(record);
    };
    if (!(atomic && is_atomic(cell.write)) && conflicts(cell.write))
      report_race(cell.write, true, write, address, code);
    if ((!write || atomic) && (initialised & mask) != mask) {
      report_uninitialised(address, code);
      cell.write |= mask;  // reports it only once
    }
    if (write) {
      if (conflicts(cell.read)) report_race(cell.read, false, true, address, code);
      if (conflicts(cell.other_read)) report_race(cell.other_read, false, true, address, code);
      const unsigned touched = (cell.write & kIdentity) == identity ? touched_bytes(cell.write) | mask : mask;
      cell.write = identity | touched << 4 | initialised | mask;
      if (touched == (1u << kGranule) - 1) cell.read = cell.other_read = 0;
    } else {
      const std::uint32_t then = epoch_of(cell.read);
      const bool outdated = then != epochs.now && (kShared || then < epochs.launch || then >= epochs.block);
      if ((cell.read & kIdentity) == identity) {
        cell.read |= Record{mask} << 4;
      } else if ((cell.other_read & kIdentity) == identity) {
        cell.other_read |= Record{mask} << 4;
      } else {
        (outdated ? cell.read : cell.other_read) = identity | Record{mask} << 4;
      }
    }
    offset += last - first;
    address += last - first;
  }
}

}  // namespace

void next_epoch() {
  if (++epochs.now == 0) {
    std::fputs("simt: more barriers than epochs in one process\n", stderr);
    std::abort();
  }
}
void start_launch_epoch() {
  next_epoch();
  epochs.launch = epochs.now;
}
void start_block_epoch() {
  next_epoch();
  epochs.block = epochs.now;
}

void make_shadow_memory() {
  global_cells = reinterpret_cast<Cell*>(map_memory(kArenaBytes / kGlobalGranule * sizeof(Cell)));
  dynamic_cells.assign(kDynamicCapacity / kSharedGranule, Cell{});
  static_cells.assign((static_shared.end - static_shared.begin) / kSharedGranule + 1, Cell{});
}

void set_instrumented() { sees_accesses = true; }
bool instrumented() { return sees_accesses; }

void check_access(std::uintptr_t address, unsigned bytes, bool write, bool atomic, const void* code) {
  if (observed == nullptr) return;
  if (address - reinterpret_cast<std::uintptr_t>(stack(observed->fiber)) < kStackBytes) return;
  if (dynamic_shared.near(address)) {
    if (!in_shared_memory(address, bytes)) out_of_bounds(address, bytes, write, code);
    const std::uintptr_t offset = address - reinterpret_cast<std::uintptr_t>(dynamic_shared.begin);
    if (sees_accesses) {
      check_cells<kSharedGranule, true>(dynamic_cells.data(), offset, bytes, write, atomic, address, code);
    }
    return;
  }
  if (static_shared.spans(address)) {
    const StaticByte kind = static_shared.kind(address);
    if (kind == StaticByte::guard) return;
    // Constants may lie between the variables and may be read.
    if (kind != StaticByte::unrelated || write) {
      if (!in_shared_memory(address, bytes)) out_of_bounds(address, bytes, write, code);
      if (sees_accesses) {
        check_cells<kSharedGranule, true>(static_cells.data(), address - static_shared.begin, bytes, write, atomic,
                                          address, code);
      }
      return;
    }
  }
  if (in_global_range(address)) {
    if (!in_allocation(address, bytes)) out_of_bounds(address, bytes, write, code);
    if (sees_accesses) {
      check_cells<kGlobalGranule, false>(global_cells, global_offset(address), bytes, write, atomic, address, code);
    }
    return;
  }
  // Constants, __constant__ variables and the kernel's parameters may be read.
  const bool parameter = address - reinterpret_cast<std::uintptr_t>(block.closure) < block.closure_bytes;
  if (write || !(parameter || in_program_image(address))) out_of_bounds(address, bytes, write, code);
}

void join_clocks(Warp& warp, unsigned lanes) {
  if (!sees_accesses) return;
  if (warp.clock_epoch != epochs.now) {
    std::memset(warp.clock, 0, sizeof warp.clock);
    for (unsigned l = 0; l < kLanes; ++l) warp.clock[l][l] = 1;
    warp.clock_epoch = epochs.now;
  }
  std::uint16_t joined[kLanes] = {};
  for (unsigned l = 0; l < kLanes; ++l) {
    if ((lanes >> l & 1) == 0) continue;
    for (unsigned m = 0; m < kLanes; ++m) joined[m] = std::max(joined[m], warp.clock[l][m]);
  }
  for (unsigned l = 0; l < kLanes; ++l) {
    if ((lanes >> l & 1) == 0) continue;
    std::memcpy(warp.clock[l], joined, sizeof joined);
    if (warp.clock[l][l] < kLargestClock) ++warp.clock[l][l];
  }
}

void mark_initialised(std::size_t offset, std::size_t bytes) {
  if (!sees_accesses) return;
  const std::size_t first = offset / kGlobalGranule, last = (offset + bytes - 1) / kGlobalGranule;
  for (std::size_t i = first; i <= last; ++i) global_cells[i] = {kFromHost, 0, 0};
}

void mark_shared_uninitialised(std::uintptr_t address, std::size_t bytes) {
  if (!sees_accesses) return;
  Cell* cells =
      dynamic_shared.contains(address)
          ? &dynamic_cells[(address - reinterpret_cast<std::uintptr_t>(dynamic_shared.begin)) / kSharedGranule]
          : &static_cells[(address - static_shared.begin) / kSharedGranule];
  for (std::size_t i = 0; i < bytes / kSharedGranule; ++i) cells[i].write &= ~Record{15};
}

void forget_global_accesses(std::size_t bytes) {
  if (global_cells != nullptr) madvise(global_cells, bytes / kGlobalGranule * sizeof(Cell), MADV_DONTNEED);
}

}  // namespace simt
