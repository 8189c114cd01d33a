#pragma once

namespace simt {

/// A place in a kernel's source, like std::source_location, which clang 14 cannot compile.
struct Place {
  const char* file;
  unsigned line;

  static constexpr Place current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    return {file, line};
  }
  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace simt

/// A last parameter that defaults to the caller's place, so that reports name the kernel's line.
#define SIMT_PLACE ::simt::Place place = ::simt::Place::current()
