#pragma once
#include <signal.h>

namespace simt {

/// During its lifetime, a fault in kernel code abandons the block, and a kernel that does not end ends the process. It
/// lives only during a launch, because tests install handlers of their own.
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
