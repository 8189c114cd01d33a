#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace engine {

/// Throws engine::Error: "cannot <action> <path>: <what errno means>".
[[noreturn]] void throw_errno(std::string_view action, const std::filesystem::path& path);

/// How an attempt to lock a file went.
enum class Locking {
  taken,
  held,        ///< by somebody else
  impossible,  ///< as on a file system without locks; errno says why
};

/// An open file (POSIX descriptor), closed on destruction. Every failure is engine::Error naming the path and the
/// cause. What is opened for reading must be a regular file, or a directory with O_DIRECTORY; opening waits for nobody,
/// as that of a named pipe would. Writing takes character devices too.
class Descriptor {
 public:
  /// `flags` as open(2): O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, ...; close-on-exec is added, new files get mode 0666.
  Descriptor(std::filesystem::path path, int flags);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  int get() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size_bytes() const;
  /// Writes all of it, at the current position.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Returns when the contents are on the disk.
  void sync();
  /// Tries to take the file's lock, an flock(2), which is held while this lives: the kernel lets go of it however the
  /// process ends.
  Locking try_lock();

 private:
  void expect_kind(int flags) const;

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace engine
