#include "engine/io/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "engine/core/error.h"
#include "engine/io/mapped_file.h"

namespace engine {

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw Error("SHA-256 is not available in this libcrypto; install one that has it");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) (hex += kDigits[byte >> 4]) += kDigits[byte & 15];
  return hex;
}

std::string sha256_file(const std::filesystem::path& path) { return sha256(MappedFile(path).bytes()); }

}  // namespace engine
