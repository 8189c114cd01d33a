// A library for LD_PRELOAD: with SIGNAL_AT_CALL="SIGNAL CALL" it sends this signal to its process just before the
// CALL-th call that changes a file or a directory. Calls that only read do not change the disk, so a kill at them would
// test nothing new.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace {

struct Order {
  int signal = 0;
  long call = 0;
};

Order order() {
  Order read;
  const char* text = std::getenv("SIGNAL_AT_CALL");
  if (text == nullptr || std::sscanf(text, "%d %ld", &read.signal, &read.call) != 2) return {};
  return read;
}

void count_call() {
  static const Order given = order();
  static std::atomic<long> calls = 0;
  if (given.signal != 0 && ++calls == given.call) kill(getpid(), given.signal);
}

/// The function of the next library that this one replaces.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool changes(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0; }

}  // namespace

extern "C" {
int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = changes(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (changes(flags)) count_call();
  static const auto call = next<int(const char*, int, ...)>("open");
  return call(path, flags, mode);
}
ssize_t write(int file, const void* bytes, size_t count) {
  count_call();
  static const auto call = next<ssize_t(int, const void*, size_t)>("write");
  return call(file, bytes, count);
}
int fsync(int file) {
  count_call();
  static const auto call = next<int(int)>("fsync");
  return call(file);
}
int ftruncate(int file, off_t size) noexcept {
  count_call();
  static const auto call = next<int(int, off_t)>("ftruncate");
  return call(file, size);
}
int rename(const char* from, const char* to) noexcept {
  count_call();
  static const auto call = next<int(const char*, const char*)>("rename");
  return call(from, to);
}
int mkdir(const char* path, mode_t mode) noexcept {
  count_call();
  static const auto call = next<int(const char*, mode_t)>("mkdir");
  return call(path, mode);
}
int unlink(const char* path) noexcept {
  count_call();
  static const auto call = next<int(const char*)>("unlink");
  return call(path);
}
int rmdir(const char* path) noexcept {
  count_call();
  static const auto call = next<int(const char*)>("rmdir");
  return call(path);
}
int unlinkat(int directory, const char* path, int flags) noexcept {
  count_call();
  static const auto call = next<int(int, const char*, int)>("unlinkat");
  return call(directory, path, flags);
}
}
