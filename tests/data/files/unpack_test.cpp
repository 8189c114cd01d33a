#include "data/files/unpack.h"

#include <doctest/doctest.h>

#include <string>

#include "kernels/runtime/error.h"
#include "tests/data/files/tar_bytes.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

namespace {

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

std::optional<std::string> unpacked(const std::string& file, std::uint64_t most = kNoLimit) {
  const auto bytes = data::unpack(std::as_bytes(std::span(file)), most);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

std::string failure(const std::string& file) {
  return message_of<engine::DataError>([&] { unpacked(file); });
}

bool packed(const std::string& file) { return data::is_packed(std::as_bytes(std::span(file))); }

std::string gzip_packed(const std::string& bytes) {
  const ScratchDirectory scratch;
  write_gzip(scratch / "file", bytes);
  std::ifstream file(scratch / "file", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Long enough for several reads, and hard to compress.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace

TEST_CASE("unpack: gzip and zstd, known by their first bytes") {
  for (const std::string& bytes : {std::string(), std::string("a"), noise(1 << 20), std::string(256 << 10, 'x')}) {
    CHECK(unpacked(zstd_packed(bytes)) == bytes);
    CHECK(unpacked(gzip_packed(bytes)) == bytes);
    CHECK(packed(zstd_packed(bytes)));
    CHECK(packed(gzip_packed(bytes)));
  }
  CHECK_FALSE(packed("plain"));
  CHECK_FALSE(packed(""));
  CHECK(failure("plain") == "it was compressed neither by gzip nor by zstd");
}

TEST_CASE("unpack: zstd in several frames, with frames to skip") {
  const std::string skipped("\x5a\x2a\x4d\x18\x03\0\0\0abc", 11);
  CHECK(packed(skipped));
  CHECK(unpacked(skipped + zstd_packed("one, ") + skipped + zstd_packed("two")) == "one, two");
}

TEST_CASE("unpack: a zstd window of 128 MiB is the largest") {
  CHECK(unpacked(zstd_packed("text", 27)) == "text");
  CHECK(failure(zstd_packed("text", 28)) ==
        "it needs a window of more than 128 MiB; compress it with --long=27 or less");
}

TEST_CASE("unpack: no more than the limit") {
  for (const std::string& file : {zstd_packed(std::string(100000, 'x')), gzip_packed(std::string(100000, 'x'))}) {
    CHECK(file.size() < 1000);
    CHECK(unpacked(file, 100000).has_value());
    CHECK_FALSE(unpacked(file, 99999).has_value());
  }
}

TEST_CASE("unpack: a zstd file that was cut or changed is refused") {
  const std::string bytes = noise(5000), file = zstd_packed(bytes);
  for (std::size_t size = 4; size < file.size(); size += 13)
    CHECK(failure(file.substr(0, size)) == "unexpected end of file");
  CHECK(failure(file.substr(0, file.size() - 1)) == "unexpected end of file");
  std::string changed = file;
  changed[file.size() / 2] ^= 1;
  CHECK(failure(changed) == "Restored data doesn't match checksum");
  CHECK(failure(file + "x") == "Unknown frame descriptor");
  CHECK(failure(file + "other bytes") == "Unknown frame descriptor");
}
