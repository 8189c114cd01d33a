#pragma once
#include <cstdint>

/// How blocks of one launch pass results to each other: write, __threadfence, atomic on one side; atomic on the same
/// address, __threadfence, read on the other.
namespace simt {

void start_publications();        ///< at the start of a launch
void start_block_acquisitions();  ///< at the start of a block
/// Called when the running thread executes an atomic after a fence.
void publish(std::uintptr_t address);
/// Whether the running block may read what another block wrote in `epoch`.
bool acquired(std::uint32_t epoch);
/// The index of the block that ran in `epoch`.
unsigned block_at(std::uint32_t epoch);

}  // namespace simt
