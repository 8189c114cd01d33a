#pragma once
#include <cstddef>

/// Stacks for the threads of a block, and the switch between them.
namespace simt {

inline constexpr std::size_t kStackBytes = 64 << 10;

void make_stacks(unsigned count);
char* stack(int fiber);
/// A stack pointer; switching to it enters `entry`.
void* fresh_stack(int fiber, void (*entry)());
/// The top of a separate stack, for code started by the fault handler.
char* spare_stack_top();
bool a_stack_overflowed();

}  // namespace simt

/// Saves the running fiber's stack pointer and continues with another. Ten instructions; ucontext takes twenty times as
/// long, because it saves the signal mask.
extern "C" void simt_switch(void** save, void* load);
