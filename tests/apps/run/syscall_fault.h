#pragma once
#include <cerrno>

/// Lets the calls that change the disk (write, fsync, rename, mkdir, unlink, unlinkat, rmdir) pass `calls` times, then
/// fails every one with `error`, or kills the process when that is 0. For whole-program interruption tests: the calls
/// are interposed in the test executable, so nothing in the code under test knows.
class SyscallFault {
 public:
  SyscallFault(int calls, int error);
  SyscallFault(const SyscallFault&) = delete;
  SyscallFault& operator=(const SyscallFault&) = delete;
  ~SyscallFault();

  /// False when fewer than `calls` were made, so that the fault never came.
  bool came() const;
};
