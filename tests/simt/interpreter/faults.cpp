#include "tests/simt/interpreter/faults.h"

#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>

#include "tests/simt/interpreter/fibers.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"

namespace simt {
namespace {

constexpr int kTimeoutExit = 124;

char details[512];

/// The handler returns to this function, so that no signal is pending when the block is abandoned.
void after_fault() {
  abandon("fault (wild address, stack overflow or integer division by zero): " + name_current() + details);
}

void handle(int signal_number, siginfo_t* info, void* untyped_context) {
  if (block.current == nullptr) {
    signal(signal_number, SIG_DFL);
    return;
  }
  observed = nullptr;
  if (signal_number == SIGALRM) {
    constexpr char kMessage[] = "simt: the kernel did not end in time (a wait for another block or thread?)\n";
    static_cast<void>(!write(STDERR_FILENO, kMessage, sizeof kMessage - 1));
    _exit(kTimeoutExit);
  }
  const std::string what =
      signal_number == SIGFPE ? "SIGFPE" : describe(reinterpret_cast<std::uintptr_t>(info->si_addr));
  std::snprintf(details, sizeof details, ", address %p: %s", info->si_addr, what.c_str());
  auto* context = static_cast<ucontext_t*>(untyped_context);
  context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(after_fault);
  // Aligned as after a call: eight bytes past a multiple of 16.
  context->uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(spare_stack_top()) - 8;
}

}  // namespace

FaultHandlers::FaultHandlers() {
  static char handler_stack[64 << 10];
  stack_t alternative{};
  alternative.ss_sp = handler_stack;
  alternative.ss_size = sizeof handler_stack;
  sigaltstack(&alternative, &stack_before_);
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &before_[i]);
  alarm(options().timeout_seconds);
}

FaultHandlers::~FaultHandlers() {
  alarm(0);
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  sigaltstack(&stack_before_, nullptr);
}

}  // namespace simt
