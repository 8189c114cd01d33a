#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace engine {

/// SHA-256 (FIPS 180-4) of data that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) = delete;
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  /// The hash of all data, as 64 lower-case hexadecimal digits. No data may be added afterwards.
  std::string hexadecimal();

 private:
  struct State;  // keeps libcrypto out of this header
  std::unique_ptr<State> state_;
};

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256_file(const std::filesystem::path& path);

}  // namespace engine
