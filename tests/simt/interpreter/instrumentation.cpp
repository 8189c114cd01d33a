// The functions that the compiler calls before every access of a kernel compiled with
// -fsanitize=thread,bounds,alignment. They replace the sanitizers' own libraries, which are not linked.
#include <cstdio>
#include <cstdlib>

#include "tests/simt/interpreter/access_checker.h"
#include "tests/simt/interpreter/reports.h"
#include "tests/simt/interpreter/scheduler.h"

namespace {

/// In the compiler's layout.
struct SourceLocation {
  const char* file;
  unsigned line, column;
};

[[noreturn]] void stop(const SourceLocation& at, const std::string& what) {
  simt::observed = nullptr;
  const std::string sentence = what + " in " + simt::name({at.file, at.line});
  if (simt::block.current != nullptr) simt::abandon(sentence + ", " + simt::name_current());
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::abort();
}

void check(const void* at, unsigned long bytes, bool write, const void* code) {
  if (bytes == 0) return;
  simt::check_access(reinterpret_cast<std::uintptr_t>(at), static_cast<unsigned>(bytes), write, false, code);
}

}  // namespace

#define ACCESS(bytes)                                                                                   \
  void __tsan_read##bytes(void* at) { check(at, bytes, false, __builtin_return_address(0)); }           \
  void __tsan_write##bytes(void* at) { check(at, bytes, true, __builtin_return_address(0)); }           \
  void __tsan_unaligned_read##bytes(void* at) { check(at, bytes, false, __builtin_return_address(0)); } \
  void __tsan_unaligned_write##bytes(void* at) { check(at, bytes, true, __builtin_return_address(0)); }

extern "C" {
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __tsan_read_range(void* at, unsigned long bytes) { check(at, bytes, false, __builtin_return_address(0)); }
void __tsan_write_range(void* at, unsigned long bytes) { check(at, bytes, true, __builtin_return_address(0)); }
void __tsan_init() { simt::set_instrumented(); }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

void __ubsan_handle_out_of_bounds(SourceLocation* at, unsigned long index) {
  simt::observed = nullptr;
  stop(*at, "array index " + std::to_string(static_cast<long>(index)) + " out of bounds");
}
void __ubsan_handle_type_mismatch_v1(SourceLocation* at, unsigned long pointer) {
  stop(*at, pointer != 0 ? "misaligned access" : "null pointer access");
}
}
