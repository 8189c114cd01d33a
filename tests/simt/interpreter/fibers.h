#pragma once
#include <cstddef>

/// Stacks for a block's threads, and the switch between them.
namespace simt {

inline constexpr std::size_t kStackBytes = 64 << 10;

void make_stacks(unsigned count);
char* stack(int fiber);
/// A stack pointer from which a switch enters `entry`.
void* fresh_stack(int fiber, void (*entry)());
/// Where code may run that the fault handler starts, on a stack of its own.
char* spare_stack_top();
bool a_stack_overflowed();

}  // namespace simt

/// Saves the running fiber's stack pointer and goes on with another's. Ten instructions; ucontext takes twenty times as
/// long, because it saves the signal mask.
extern "C" void simt_switch(void** save, void* load);
