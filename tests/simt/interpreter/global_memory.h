#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

/// Device memory: one range of addresses from which allocations are cut, with gaps between them. Freed memory is not
/// used again before everything is freed, so that a use after free is seen.
namespace simt {

struct Allocation {
  char* begin;
  std::size_t bytes;
  bool freed;
};

/// nullptr when there is no more.
void* allocate_global(std::size_t bytes);
/// Throws for what was not allocated.
void free_global(void* memory);
std::size_t free_global_bytes();

void make_global_memory();
bool in_global_range(std::uintptr_t address);
std::size_t global_offset(std::uintptr_t address);
/// Whether [address, address + bytes) lies inside one live allocation.
bool in_allocation(std::uintptr_t address, std::size_t bytes);
const std::vector<Allocation>& allocations();  ///< by address
/// The first byte in a gap that was written, or 0.
std::uintptr_t damaged_gap();

/// The host reads or writes: throws when that is out of bounds; what it writes counts as initialised.
void touch_from_host(const void* memory, std::size_t bytes, bool write);

/// All live allocations' contents, and back.
std::vector<std::vector<char>> copy_of_global_memory();
void restore_global_memory(const std::vector<std::vector<char>>& copy);

}  // namespace simt
