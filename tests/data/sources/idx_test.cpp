#include "data/sources/idx.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <random>

#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::read_idx;

namespace {

constexpr std::uint32_t kImages = 0x803, kLabels = 0x801;

std::string failure(const std::filesystem::path& path, int rank) {
  return message_of<engine::DataError>([&] { read_idx(path, rank); });
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("idx: reads plain and gzip files, told apart by content") {
  const ScratchDirectory scratch;
  const std::string bytes = idx_bytes(kImages, {2, 1, 3}, "abcdef");
  write_plain(scratch / "plain", bytes);
  write_gzip(scratch / "packed", bytes);
  for (const char* name : {"plain", "packed"}) {
    const data::IdxArray array = read_idx(scratch / name, 3);
    CHECK(array.dims == std::vector<std::int64_t>{2, 1, 3});
    CHECK(std::string(array.values.begin(), array.values.end()) == "abcdef");
  }
}

TEST_CASE("idx: reads what is larger than its buffers") {
  const ScratchDirectory scratch;
  std::string values((5 << 20) + 7, '\0');
  std::mt19937 random(1);
  for (char& value : values) value = static_cast<char>(random());
  write_gzip(scratch / "large", idx_bytes(kLabels, {static_cast<std::uint32_t>(values.size())}, values));
  const data::IdxArray array = read_idx(scratch / "large", 1);
  CHECK(std::string(array.values.begin(), array.values.end()) == values);
}

TEST_CASE("idx: a gzip file may have several members") {
  const ScratchDirectory scratch;
  const std::string bytes = idx_bytes(kImages, {2, 1, 3}, "abcdef");
  std::string packed;
  for (const std::string& member : {bytes.substr(0, 18), std::string(), bytes.substr(18)}) {
    write_gzip(scratch / "member", member);
    packed += read_all(scratch / "member");
  }
  write_plain(scratch / "packed", packed);
  const data::IdxArray array = read_idx(scratch / "packed", 3);
  CHECK(std::string(array.values.begin(), array.values.end()) == "abcdef");
}

TEST_CASE("idx: names the path and the reason of everything wrong") {
  const ScratchDirectory scratch;
  const auto path = scratch / "file";
  const std::string quoted = engine::concat(path);  // a path prints in quotes
  SUBCASE("missing") { CHECK(failure(path, 3) == "idx: there is no file " + quoted); }
  SUBCASE("a directory") {
    std::filesystem::create_directory(path);
    CHECK(failure(path, 3) == "cannot read " + path.string() + ": it is a directory, not a regular file");
  }
  SUBCASE("a named pipe") {
    REQUIRE(mkfifo(path.c_str(), 0666) == 0);
    CHECK(failure(path, 3) == "cannot read " + path.string() + ": it is a named pipe, not a regular file");
  }
  SUBCASE("another kind of file") {
    write_plain(path, "\x89PNG....");
    CHECK(failure(path, 3) ==
          "idx: " + quoted + " starts with 0x89504e47, expected 0x00000803 (unsigned bytes in 3 dimensions)");
  }
  SUBCASE("labels for images") {
    write_plain(path, idx_bytes(kImages, {1, 1, 1}, "a"));
    CHECK(failure(path, 1) ==
          "idx: " + quoted + " starts with 0x00000803, expected 0x00000801 (unsigned bytes in 1 dimension)");
  }
  SUBCASE("empty") {
    write_plain(path, "");
    CHECK(failure(path, 1) == "idx: " + quoted + " ends inside its header of 8 bytes");
  }
  SUBCASE("half a header") {
    write_plain(path, idx_bytes(kImages, {1}, ""));
    CHECK(failure(path, 3) == "idx: " + quoted + " ends inside its header of 16 bytes");
  }
  SUBCASE("truncated") {
    write_plain(path, idx_bytes(kImages, {2, 1, 3}, "abcde"));
    CHECK(failure(path, 3) ==
          "idx: " + quoted + " is truncated: its header promises 2 x 1 x 3 = 6 bytes, it has 5; fetch the file again");
  }
  SUBCASE("a byte too many") {
    write_plain(path, idx_bytes(kImages, {2, 1, 3}, "abcdefg"));
    CHECK(failure(path, 3) == "idx: " + quoted + " goes on after the 2 x 1 x 3 = 6 bytes its header promises");
  }
  SUBCASE("a header that promises 4 GiB, for which nothing like it is allocated") {
    write_plain(path, idx_bytes(kImages, {0xffffffff, 1, 1}, "abc"));
    CHECK(failure(path, 3) == "idx: " + quoted +
                                  " is truncated: its header promises 4294967295 x 1 x 1 = 4294967295 bytes, it has 3; "
                                  "fetch the file again");
  }
  SUBCASE("a header that promises more than 2^64 bytes") {
    write_plain(path, idx_bytes(kImages, {0xffffffff, 0xffffffff, 0xffffffff}, "abc"));
    CHECK(failure(path, 3) ==
          "idx: the header of " + quoted + " promises 4294967295 x 4294967295 x 4294967295 bytes, which no file holds");
  }
}

TEST_CASE("idx: damaged gzip files are found by their structure or their checksum") {
  const ScratchDirectory scratch;
  const auto path = scratch / "file.gz";
  const std::string start = engine::concat("idx: cannot read ", path, " (");
  write_gzip(path, idx_bytes(kLabels, {3000}, std::string(3000, 'x')));
  std::string packed = read_all(path);
  SUBCASE("cut short anywhere") {
    for (std::size_t size = 2; size < packed.size(); ++size) {
      CAPTURE(size);
      write_plain(path, packed.substr(0, size));
      CHECK(failure(path, 1) == start + "unexpected end of file); fetch the file again");
    }
  }
  SUBCASE("something behind its end") {
    for (const std::string& more :
         {std::string("x"), std::string(1, '\0'), std::string("\x1f"), std::string("garbage")}) {
      write_plain(path, packed + more);
      CHECK(failure(path, 1) == start + "other bytes follow its end); fetch the file again");
    }
    write_plain(path, packed + packed.substr(0, 5));
    CHECK(failure(path, 1) == start + "unexpected end of file); fetch the file again");
    write_plain(path, packed + packed);
    CHECK(failure(path, 1).ends_with("goes on after the 3000 = 3000 bytes its header promises"));
  }
  SUBCASE("wrong length") {
    packed[packed.size() - 1] = 1;
    write_plain(path, packed);
    CHECK(failure(path, 1).starts_with(start + "incorrect length check"));
  }
  SUBCASE("wrong checksum") {
    packed[packed.size() - 8] = static_cast<char>(packed[packed.size() - 8] ^ 1);
    write_plain(path, packed);
    CHECK(failure(path, 1).starts_with(start + "incorrect data check"));
  }
  SUBCASE("broken stream") {
    packed[10] = '\xff';
    write_plain(path, packed);
    CHECK(failure(path, 1).starts_with(start + "invalid block type"));
  }
}
