#include "tests/apps/run/syscall_fault.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

namespace {

bool armed = false;
int calls_left = 0, fault_error = 0;

template <class... Arguments>
long faulty_call(long number, Arguments... arguments) {
  if (armed && calls_left-- <= 0) {
    if (fault_error == 0) raise(SIGKILL);
    errno = fault_error;
    return -1;
  }
  return syscall(number, arguments...);
}

}  // namespace

SyscallFault::SyscallFault(int calls, int error) {
  calls_left = calls;
  fault_error = error;
  armed = true;
}
SyscallFault::~SyscallFault() { armed = false; }
bool SyscallFault::came() const { return calls_left < 0; }

// An executable's functions override those of the C library, also for the shared libraries it uses.
extern "C" {
ssize_t write(int file, const void* bytes, size_t count) { return faulty_call(SYS_write, file, bytes, count); }
int fsync(int file) { return static_cast<int>(faulty_call(SYS_fsync, file)); }
int rename(const char* from, const char* to) noexcept { return static_cast<int>(faulty_call(SYS_rename, from, to)); }
int mkdir(const char* path, mode_t mode) noexcept { return static_cast<int>(faulty_call(SYS_mkdir, path, mode)); }
int unlink(const char* path) noexcept { return static_cast<int>(faulty_call(SYS_unlink, path)); }
int rmdir(const char* path) noexcept { return static_cast<int>(faulty_call(SYS_rmdir, path)); }
int unlinkat(int directory, const char* path, int flags) noexcept {
  return static_cast<int>(faulty_call(SYS_unlinkat, directory, path, flags));
}
}
