#include "data/files/directory_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}  // never waits for a pipe
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void fail(const std::string& path) {
  // That this process or the machine has no descriptors or memory left is not the file's fault.
  const std::string message = concat("cannot read ", path, ": ", std::strerror(errno));
  if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) throw engine::Error(message);
  throw DataError(message);
}

}  // namespace

std::string DirectorySet::locate(std::int64_t i) const {
  // What `directory_ / name` is, without taking names apart: this is done for every image that is read.
  const std::string_view directory = directory_.native(), name = files_.name(i);
  if (name.starts_with('/')) return std::string(name);
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path += directory;
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::span<const std::byte> DirectorySet::read(std::int64_t i, std::vector<std::byte>& buffer) const {
  const std::string path = locate(i);
  const OpenFile file(path);
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) fail(path);
  if (!S_ISREG(status.st_mode)) throw DataError(concat("cannot read ", path, ": it is not a regular file any more"));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (buffer.size() < size + 1) buffer.resize(size + 1);  // one more shows whether the file grows
  // A regular file gives fewer bytes than asked for only at its end: mostly one call shows that it ends where it
  // should.
  std::size_t filled = 0;
  do {
    const ssize_t count = ::read(file.get(), buffer.data() + filled, size + 1 - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  } while (filled < size);
  if (filled != size) {
    throw DataError(
        concat("cannot read ", path, ": it ", filled > size ? "grew" : "became shorter", " while it was read"));
  }
  return std::span(buffer).first(size);
}

}  // namespace data
