#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace engine {

/// Throws engine::Error: "cannot <action> <path>: <what errno means>".
[[noreturn]] void throw_errno(std::string_view action, const std::filesystem::path& path);

/// The outcome of an attempt to lock a file.
enum class Locking {
  taken,
  held,        ///< by another process
  impossible,  ///< no locks on this file system; errno says why
};

/// An open file (POSIX descriptor), closed on destruction. Every failure is an engine::Error that names the path and
/// the cause. A file to read must be a regular file, or a directory with O_DIRECTORY; opening never waits, as it would
/// for a named pipe. A file to write may also be a character device.
class Descriptor {
 public:
  /// `flags` as for open(2): O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, ...; close-on-exec is added, new files get mode
  /// 0666.
  Descriptor(std::filesystem::path path, int flags);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  int get() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size_bytes() const;
  /// Writes all bytes at the current position.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Returns when the contents are on the disk.
  void sync();
  /// Tries to lock the file with flock(2). The lock is held while this object lives; the kernel releases it however the
  /// process ends.
  Locking try_lock();

 private:
  void expect_kind(int flags) const;

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace engine
