#include "tests/simt/interpreter/fibers.h"

#include <cstdint>

#include "tests/simt/interpreter/mapping.h"

#ifndef __x86_64__
#error "simt_switch is written for x86-64"
#endif
asm(R"(.text
.globl simt_switch
.type simt_switch,@function
simt_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size simt_switch,.-simt_switch)");

namespace simt {
namespace {

constexpr std::uint64_t kCanary = 0x5afe57ac5afe57acull;
constexpr int kSavedRegisters = 6;

char* stacks = nullptr;
unsigned stack_count = 0;

std::uint64_t& canary(unsigned fiber) { return *reinterpret_cast<std::uint64_t*>(stacks + fiber * kStackBytes); }

}  // namespace

void make_stacks(unsigned count) {
  stack_count = count;
  stacks = map_memory((count + 1) * kStackBytes);  // plus the spare stack
  for (unsigned i = 0; i < count; ++i) canary(i) = kCanary;
}

char* stack(int fiber) { return stacks + static_cast<std::size_t>(fiber) * kStackBytes; }

void* fresh_stack(int fiber, void (*entry)()) {
  // Offsets spread the stacks over cache sets; without them the frames of all threads would share a few sets.
  const std::size_t offset = static_cast<std::size_t>(fiber) * 320 % 8192;
  void** top = reinterpret_cast<void**>(stack(fiber + 1) - offset);
  *--top = nullptr;  // entry never returns
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  return top;
}

char* spare_stack_top() { return stack(static_cast<int>(stack_count) + 1) - 256; }

bool a_stack_overflowed() {
  for (unsigned i = 0; i < stack_count; ++i)
    if (canary(i) != kCanary) return true;
  return false;
}

}  // namespace simt
