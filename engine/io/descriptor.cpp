#include "engine/io/descriptor.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernels/runtime/error.h"

namespace engine {

void throw_errno(std::string_view action, const std::filesystem::path& path) {
  const int error = errno;
  throw Error(concat("cannot ", action, " ", path.string(), ": ", std::strerror(error)));
}

namespace {

bool reads(int flags) { return (flags & O_ACCMODE) == O_RDONLY; }

const char* kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void throw_kind(const std::filesystem::path& path, int flags, const char* kind) {
  throw DataError(
      concat("cannot ", reads(flags) ? "read " : "write ", path.string(), ": it is ", kind, ", not a regular file"));
}

/// O_NONBLOCK: opening a pipe must not wait for its other end. EWOULDBLOCK means that another process, such as a file
/// server, has a lease on a regular file: then open again and wait, since the kernel ends the lease after a while.
int open_at_once(const std::filesystem::path& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0666);
  return file < 0 && errno == EWOULDBLOCK ? open(path.c_str(), flags | O_CLOEXEC, 0666) : file;
}

}  // namespace

Descriptor::Descriptor(std::filesystem::path path, int flags)
    : path_(std::move(path)), descriptor_(open_at_once(path_, flags)) {
  if (descriptor_ < 0 && errno == ENXIO) throw_kind(path_, flags, "a socket, or a named pipe that nobody reads");
  if (descriptor_ < 0) throw_errno(reads(flags) ? "open" : "create", path_);
  try {
    expect_kind(flags);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

void Descriptor::expect_kind(int flags) const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) throw_errno("examine", path_);
  if (S_ISREG(status.st_mode)) return;
  const bool device = !reads(flags) && S_ISCHR(status.st_mode), directory = (flags & O_DIRECTORY) != 0;
  if (!device && !directory) throw_kind(path_, flags, kind(status.st_mode));
  // From here on calls may block; for regular files the flag has no effect.
  if (fcntl(descriptor_, F_SETFL, flags) != 0) throw_errno("open", path_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::uint64_t Descriptor::size_bytes() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) throw_errno("examine", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

void Descriptor::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());  // Linux writes at most 2 GiB at once
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

Locking Descriptor::try_lock() {
  while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Locking::held;
    if (errno != EINTR) return Locking::impossible;
  }
  return Locking::taken;
}

void Descriptor::sync() {
  if (fsync(descriptor_) != 0) throw_errno("write", path_);
}

}  // namespace engine
