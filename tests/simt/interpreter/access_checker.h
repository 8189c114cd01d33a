#pragma once
#include <cstddef>
#include <cstdint>

#include "tests/simt/interpreter/block.h"

/// Checks every access of a kernel: bounds, initialisation, and whether barriers, __syncwarp, atomics and fences order
/// it after earlier accesses by others to the same bytes. A race is reported in any schedule.
namespace simt {

inline constexpr std::size_t kArenaBytes = std::size_t{8} << 30;

/// Barriers start epochs: accesses of one block in different epochs are ordered.
struct Epochs {
  std::uint32_t now = 16, block = 0, launch = 0;  // now, and at the start of the running block and launch
};
extern Epochs epochs;
void next_epoch();
void start_launch_epoch();
void start_block_epoch();

void make_shadow_memory();
void set_instrumented();

/// Checks one access by the running thread. `code` is its address in the program, for the report.
void check_access(std::uintptr_t address, unsigned bytes, bool write, bool atomic, const void* code);

/// After __syncwarp: each of these lanes has seen what any of them had seen.
void join_clocks(Warp& warp, unsigned lanes);

void mark_initialised(std::size_t global_offset, std::size_t bytes);
void mark_shared_uninitialised(std::uintptr_t address, std::size_t bytes);
void forget_global_accesses(std::size_t bytes);

}  // namespace simt
