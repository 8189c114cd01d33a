#include "engine/io/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "engine/io/mapped_file.h"
#include "kernels/runtime/error.h"

namespace engine {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() = default;
  State(State&&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  void check(int success) const {
    if (success != 1) throw Error("SHA-256 is not available in this libcrypto; install one that has it");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  state_->check(state_->context != nullptr ? EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) : 0);
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  state_->check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string Sha256::hexadecimal() {
  std::array<unsigned char, 32> digest{};
  state_->check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) (hex += kDigits[byte >> 4]) += kDigits[byte & 15];
  return hex;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hexadecimal();
}

std::string sha256_file(const std::filesystem::path& path) { return sha256(MappedFile(path).bytes()); }

}  // namespace engine
