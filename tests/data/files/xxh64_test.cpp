#include "data/files/xxh64.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

std::uint64_t hash(std::string_view text) { return data::xxh64(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("xxh64: values that the reference implementation gives") {
  CHECK(hash("") == 0xEF46DB3751D8E999);
  CHECK(hash("a") == 0xD24EC4F1A98C6E5B);
  CHECK(hash("abc") == 0x44BC2CF5AD770999);
  CHECK(hash("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i % 251));
  CHECK(hash(std::string_view(bytes).substr(0, 31)) == 0xC346D2B59B4D8EE1);
  CHECK(hash(std::string_view(bytes).substr(0, 32)) == 0xCBF59C5116FF32B4);
  CHECK(hash(bytes) == 0xF306F04AA88B54D3);
}

TEST_CASE("xxh64: every byte counts, wherever the data begin") {
  std::string bytes(77, 'x');
  const std::uint64_t whole = hash(bytes);
  CHECK(hash(std::string_view("y" + bytes).substr(1)) == whole);
  for (char& byte : bytes) {
    byte ^= 1;
    CHECK(hash(bytes) != whole);
    byte ^= 1;
  }
}
