#include "engine/io/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "kernels/runtime/error.h"

namespace engine {
namespace {

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) { return path += suffix; }

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(with_suffix(path_, ".tmp"), O_WRONLY | O_CREAT | O_TRUNC) {}

AtomicFile::~AtomicFile() {
  if (!committed_) unlink(temporary_.path().c_str());
}

void AtomicFile::commit() {
  temporary_.sync();  // before the rename: after a crash the name must not exist without its contents
  rename_path(temporary_.path(), path_);
  committed_ = true;
  sync_directory(parent_of(path_));
}

void atomic_write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY);
  std::string text(file.size_bytes(), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count = read(file.get(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("read", path);
    if (count == 0) throw Error(concat("cannot read ", path.string(), ": it became shorter while it was read"));
    filled += static_cast<std::size_t>(count);
  }
  return text;
}

void sync_directory(const std::filesystem::path& path) {
  const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a directory and return EINVAL; they do not need it.
  if (fsync(directory.get()) != 0 && errno != EINVAL) throw_errno("write", path);
}

void create_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw Error(concat("cannot create directory ", path.string(), ": ", error.message()));
}

void create_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directory(path, error);
  if (error) throw Error(concat("cannot create directory ", path.string(), ": ", error.message()));
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) throw_errno(concat("rename ", from.string(), " to"), to);
}

void remove_all(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw Error(concat("cannot remove ", path.string(), ": ", error.message()));
}

}  // namespace engine
