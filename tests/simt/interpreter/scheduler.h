#pragma once
#include <cstddef>
#include <string>

#include "tests/simt/interpreter/block.h"

/// Switches happen at barriers, warp collectives and yields only: a schedule is the order in which ready threads are
/// picked.
namespace simt {

/// Runs all threads of `block` to their end, or until one of them gives the block up.
void run_threads();
/// Drops all fibers without unwinding them and returns to run_threads' caller, `why` in block.fatal.
[[noreturn]] void abandon(std::string why);
/// The same, with a list of who waits where.
[[noreturn]] void deadlock(const char* why);
/// Gives way until released: the thread has marked itself blocked, unless it already is ready again.
void suspend();
/// These threads can go on, in the schedule's order.
void release(const unsigned* ranks, std::size_t count);

/// To be asked again when a thread has returned: whether those who wait may now go on.
void check_barrier();
void check_collectives(Warp& warp);

}  // namespace simt
