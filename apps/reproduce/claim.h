#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "engine/io/descriptor.h"

namespace apps {

/// Keeps other processes, also on other hosts with the same file system, from work in a table's directory: a lock on
/// DIRECTORY/claims/NAME. The system releases it however the process ends, so the work of a killed one is free again.
class Claim {
 public:
  /// Nothing if another process has it. Throws engine::Error if the file system has no locks.
  static std::optional<Claim> attempt(const std::filesystem::path& directory, const std::string& name);
  /// Waits until no other process has it; for work of moments.
  static Claim wait(const std::filesystem::path& directory, const std::string& name);

  Claim(Claim&&) noexcept = default;
  Claim& operator=(Claim&&) = delete;
  ~Claim();  ///< removes the file

 private:
  explicit Claim(engine::Descriptor file) : file_(std::move(file)) {}

  engine::Descriptor file_;
};

}  // namespace apps
