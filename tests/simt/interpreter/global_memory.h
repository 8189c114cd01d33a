#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

/// Device memory: one address range, with gaps between allocations. Freed memory is reused only after everything has
/// been freed, so that every use after free is detected.
namespace simt {

struct Allocation {
  char* begin;
  std::size_t bytes;
  bool freed;
};

/// Returns nullptr when memory is exhausted.
void* allocate_global(std::size_t bytes);
/// Throws if `memory` is not allocated.
void free_global(void* memory);
std::size_t free_global_bytes();
/// While it is set, nothing more can be allocated.
bool& exhausted();

void make_global_memory();
bool in_global_range(std::uintptr_t address);
std::size_t global_offset(std::uintptr_t address);
/// Whether [address, address + bytes) lies inside one live allocation.
bool in_allocation(std::uintptr_t address, std::size_t bytes);
const std::vector<Allocation>& allocations();  ///< by address
/// The first overwritten byte in a gap, or 0.
std::uintptr_t damaged_gap();

/// Checks an access by the host: throws if it is out of bounds, and marks written bytes as initialised.
void touch_from_host(const void* memory, std::size_t bytes, bool write);

/// Copies the contents of all live allocations; the other function restores them.
std::vector<std::vector<char>> copy_of_global_memory();
void restore_global_memory(const std::vector<std::vector<char>>& copy);

}  // namespace simt
