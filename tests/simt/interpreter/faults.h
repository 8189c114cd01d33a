#pragma once
#include <signal.h>

namespace simt {

/// While it lives, a fault of kernel code gives the block up, and a kernel that does not end ends the process. Not
/// longer, for the tests' own handlers come and go.
class FaultHandlers {
 public:
  FaultHandlers();
  FaultHandlers(const FaultHandlers&) = delete;
  ~FaultHandlers();

 private:
  static constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGALRM};
  struct sigaction before_[4];
  stack_t stack_before_;
};

}  // namespace simt
