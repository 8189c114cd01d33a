#include "engine/io/sha256.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string_view>

#include "tests/engine/io/scratch_directory.h"

namespace {

std::string sha256_text(std::string_view text) { return engine::sha256(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("sha256: examples of FIPS 180-4") {
  CHECK(sha256_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_text("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("sha256: of pieces it is that of the whole") {
  engine::Sha256 hash;
  for (const std::string_view piece : {"a", "", "bc"}) hash.update(std::as_bytes(std::span(piece)));
  CHECK(hash.hexadecimal() == sha256_text("abc"));
}

TEST_CASE("sha256: of a file, also an empty one") {
  const ScratchDirectory scratch;
  std::ofstream(scratch / "abc") << "abc";
  std::ofstream(scratch / "empty");
  CHECK(engine::sha256_file(scratch / "abc") == sha256_text("abc"));
  CHECK(engine::sha256_file(scratch / "empty") == sha256_text(""));
}
