#include "engine/io/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace engine {

void throw_errno(std::string_view action, const std::filesystem::path& path) {
  const int error = errno;
  throw Error(concat("cannot ", action, " ", path.string(), ": ", std::strerror(error)));
}

Descriptor::Descriptor(std::filesystem::path path, int flags)
    : path_(std::move(path)), descriptor_(open(path_.c_str(), flags | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw_errno((flags & O_ACCMODE) == O_RDONLY ? "open" : "create", path_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::uint64_t Descriptor::size_bytes() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) throw_errno("examine", path_);
  if (!S_ISREG(status.st_mode)) throw Error(concat("cannot read ", path_.string(), ": it is not a regular file"));
  return static_cast<std::uint64_t>(status.st_size);
}

void Descriptor::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());  // at most 2 GiB at once, by Linux
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void Descriptor::sync() {
  if (fsync(descriptor_) != 0) throw_errno("write", path_);
}

}  // namespace engine
