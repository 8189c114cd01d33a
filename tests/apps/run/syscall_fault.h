#pragma once
#include <cerrno>

/// Lets the first `calls` calls that change the disk (write, fsync, rename, mkdir, unlink, unlinkat, rmdir) succeed.
/// Then every such call fails with `error`, or kills the process if `error` is 0. For interruption tests of whole
/// programs: the calls are replaced in the test executable, and the code under test is unchanged.
class SyscallFault {
 public:
  SyscallFault(int calls, int error);
  SyscallFault(const SyscallFault&) = delete;
  SyscallFault& operator=(const SyscallFault&) = delete;
  ~SyscallFault();

  /// False if there were fewer calls, so that none failed.
  bool came() const;
};
