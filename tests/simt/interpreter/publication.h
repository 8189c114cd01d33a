#pragma once
#include <cstdint>

/// How blocks of one launch may hand over results: write, __threadfence, atomic; and on the other side an atomic on the
/// same address, __threadfence, read.
namespace simt {

void start_publications();        ///< of a launch
void start_block_acquisitions();  ///< of a block
/// The running thread has executed an atomic after a fence.
void publish(std::uintptr_t address);
/// Whether the running block may see what another did in `epoch`.
bool acquired(std::uint32_t epoch);
/// Which block of the launch ran in `epoch`.
unsigned block_at(std::uint32_t epoch);

}  // namespace simt
