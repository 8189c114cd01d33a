#pragma once
#include <cstddef>
#include <string>

#include "tests/simt/interpreter/block.h"

/// Threads switch only at barriers, warp collectives and yields: a schedule is the order in which ready threads are
/// picked.
namespace simt {

/// Runs all threads of `block` to their end, or until one of them abandons the block.
void run_threads();
/// Drops all fibers without unwinding them and returns to the caller of run_threads, with `why` in block.fatal.
[[noreturn]] void abandon(std::string why);
/// The same, and lists which threads wait where.
[[noreturn]] void deadlock(const char* why);
/// Switches to other threads until this one is released. The thread has marked itself as blocked, unless it is ready
/// again.
void suspend();
/// Makes these threads ready, in the schedule's order.
void release(const unsigned* ranks, std::size_t count);

/// Called after a thread has returned: checks whether waiting threads can continue.
void check_barrier();
void check_collectives(Warp& warp);

}  // namespace simt
