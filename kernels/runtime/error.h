#pragma once
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>

namespace engine {

/// The base of everything the engine throws: one clear sentence saying what is wrong, what was expected, what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bad user data: files that are missing, truncated, malformed or too small. Programs exit with 3.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Streams the parts into one string: `concat("x must be ", shape)`.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// A device is out of memory. The caller adds what could be smaller: `with_remedy`.
class OutOfMemory : public Error {
 public:
  struct Bytes {
    std::size_t wanted = 0, free = 0, in_use = 0;
  };
  OutOfMemory(const std::string& message, Bytes bytes) : Error(message), bytes_(bytes) {}
  const Bytes& bytes() const { return bytes_; }
  Error with_remedy(const std::string& remedy) const { return Error(concat(what(), "; ", remedy)); }

 private:
  Bytes bytes_;
};

}  // namespace engine

/// Throws engine::Error with the concatenated message unless `condition` holds. For anything a caller can get wrong;
/// `assert` is for what no input can cause.
#define EXPECTS(condition, ...)                                             \
  do {                                                                      \
    if (!(condition)) throw ::engine::Error(::engine::concat(__VA_ARGS__)); \
  } while (false)
