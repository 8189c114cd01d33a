#include "engine/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "engine/io/descriptor.h"
#include "kernels/runtime/error.h"

namespace engine {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  const std::size_t size = file.size_bytes();
  if (size == 0) return;  // mmap refuses length 0
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED && errno == ENOMEM) {
    throw Error(concat("cannot map ", path.string(), ": there is no room for its ", size,
                       " bytes in the address space; raise the limit (ulimit -v)"));
  }
  if (memory == MAP_FAILED) throw_errno("map", path);
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace engine
