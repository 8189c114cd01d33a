#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace engine {

/// SHA-256 (FIPS 180-4) of what comes piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) = delete;
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  /// Of all that came, as 64 lower-case hexadecimal digits. Ends it: nothing may come afterwards.
  std::string hexadecimal();

 private:
  struct State;  // keeps libcrypto out of this header
  std::unique_ptr<State> state_;
};

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256_file(const std::filesystem::path& path);

}  // namespace engine
