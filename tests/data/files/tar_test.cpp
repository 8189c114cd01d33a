#include "data/files/tar.h"

#include <doctest/doctest.h>

#include <vector>

#include "kernels/runtime/error.h"
#include "tests/data/files/tar_bytes.h"
#include "tests/engine/io/message_of.h"

using data::TarFile;
using data::TarReader;

namespace {

std::vector<TarFile> files_of(const std::string& archive) {
  TarReader reader(std::as_bytes(std::span(archive)));
  std::vector<TarFile> files;
  while (const auto file = reader.next()) files.push_back(*file);
  return files;
}

std::string failure(const std::string& archive) {
  return message_of<engine::DataError>([&] { files_of(archive); });
}

/// The contents of the only file.
std::string only(const std::string& archive, std::string* name = nullptr) {
  const auto files = files_of(archive);
  REQUIRE(files.size() == 1);
  if (name != nullptr) *name = files[0].name;
  return archive.substr(files[0].offset, files[0].bytes);
}

}  // namespace

TEST_CASE("tar: files in their order, directories and devices left out") {
  const std::string archive = tar_entry("./a/", "", '5') + tar_entry("./a/b c.jpg", "12345") +
                              tar_header("pipe", 7, '6') + tar_entry("label", "", 'V') + tar_entry("/empty", "") +
                              tar_entry("old/", "") + tar_entry("a\n\xc3\xa4", std::string(512, 'x'), '\0') + tar_end();
  const auto files = files_of(archive);
  REQUIRE(files.size() == 3);
  CHECK(files[0].name == "a/b c.jpg");
  CHECK(archive.substr(files[0].offset, files[0].bytes) == "12345");
  CHECK(files[1].name == "empty");
  CHECK(files[1].bytes == 0);
  CHECK(files[2].name == "a\n\xc3\xa4");
  CHECK(archive.substr(files[2].offset, files[2].bytes) == std::string(512, 'x'));
  CHECK(files_of(tar_end() + std::string(9216, '\0')).empty());
}

TEST_CASE("tar: long names in all their forms") {
  const std::string deep(120, 'd'), longest(5000, 'n');
  std::string name;
  SUBCASE("ustar: a prefix") {
    std::string header = tar_header("x.jpg", 3);
    header.replace(345, deep.size(), deep);
    put_checksum(header);
    CHECK(only(header + "abc" + std::string(509, '\0') + tar_end(), &name) == "abc");
    CHECK(name == deep + "/x.jpg");
  }
  SUBCASE("GNU: what is at the place of the prefix is no name") {
    std::string header = tar_header("x.jpg", 0);
    header.replace(257, 8, std::string("ustar  \0", 8));
    header.replace(345, 3, "123");
    put_checksum(header);
    only(header + tar_end(), &name);
    CHECK(name == "x.jpg");
  }
  SUBCASE("GNU: an entry before") {
    const std::string before = tar_entry("././@LongLink", longest + std::string(1, '\0'), 'L');
    CHECK(only(before + tar_entry(longest.substr(0, 100), "abc") + tar_end(), &name) == "abc");
    CHECK(name == longest);
  }
  SUBCASE("pax: a record, which also gives the size") {
    const std::string records = pax_record("mtime", "1.5") + pax_record("path", longest) + pax_record("size", "3");
    std::string header = tar_header("short", 0);
    CHECK(only(tar_entry("pax", records, 'x') + header + "abc" + std::string(509, '\0') + tar_end(), &name) == "abc");
    CHECK(name == longest);
  }
  SUBCASE("what is said of one file does not hold for the next") {
    const auto files = files_of(tar_entry("pax", pax_record("path", "first") + pax_record("size", "1"), 'x') +
                                tar_entry("a", "1") + tar_entry("b", "22") + tar_end());
    REQUIRE(files.size() == 2);
    CHECK(files[0].name == "first");
    CHECK(files[1].name == "b");
    CHECK(files[1].bytes == 2);
  }
  SUBCASE("pax: records of all files that say nothing of names") {
    only(tar_entry("pax", pax_record("comment", "commit"), 'g') + tar_entry("a", "1") + tar_end(), &name);
    CHECK(name == "a");
  }
}

TEST_CASE("tar: sizes as big-endian numbers, and checksums of signed bytes") {
  std::string header = tar_header("a", 0);
  header.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\x05", 12));
  put_checksum(header);
  CHECK(only(header + "12345" + std::string(507, '\0') + tar_end()) == "12345");

  header = tar_header("\xc3\xa4", 5);
  std::int64_t sum = 0;
  header.replace(148, 8, 8, ' ');
  for (const char c : header) sum += static_cast<signed char>(c);
  put_octal(header, 148, 6, static_cast<std::uint64_t>(sum));
  header[154] = '\0';
  CHECK(only(header + "12345" + std::string(507, '\0') + tar_end()) == "12345");
}

TEST_CASE("tar: links are named with what they lead to") {
  std::string header = tar_header("a", 7, '1');  // the size of a link is that of its file, whose bytes do not follow
  header.replace(157, 3, "b/c");
  put_checksum(header);
  const auto files = files_of(header + tar_entry("long", "target", 'K') + tar_entry("s", "", '2') + tar_end());
  REQUIRE(files.size() == 2);
  CHECK(files[0].link == "b/c");
  CHECK(files[0].bytes == 0);
  CHECK(files[1].name == "s");
  CHECK(files[1].link == "target");
}

TEST_CASE("tar: an archive that was cut says where, and in which file") {
  const std::string archive = tar_entry("a.jpg", "12345") + tar_entry("b.jpg", std::string(1000, 'x')) + tar_end();
  CHECK(failure(archive.substr(0, 0)) == "at offset 0 it ends without the two blocks of zeros that end an archive");
  CHECK(failure(archive.substr(0, 300)) == "it ends inside the header at offset 0");
  CHECK(failure(archive.substr(0, 514)) == "it ends inside a.jpg, whose 5 bytes begin at offset 512, at offset 514");
  CHECK(failure(archive.substr(0, 2535)) ==
        "it ends inside b.jpg, whose 1000 bytes begin at offset 1536, at offset 2535");
  CHECK(failure(archive.substr(0, 2560)) ==
        "at offset 2560 it ends without the two blocks of zeros that end an archive");
  CHECK(failure(archive.substr(0, 2560 + 1023)) ==
        "at offset 2560 it ends without the two blocks of zeros that end an archive");
  for (std::size_t size = 0; size < archive.size(); size += 7) CHECK(failure(archive.substr(0, size)).size() > 20);
  CHECK(files_of(archive).size() == 2);
}

TEST_CASE("tar: what is damaged or not read is refused") {
  const std::string good = tar_entry("a.jpg", "12345");
  std::string bad = good + good + tar_end();
  bad[1024 + 3] ^= 1;
  CHECK(failure(bad) == "the 512 bytes at offset 1024 are no header: their checksum is wrong");
  bad = good + tar_end() + good;
  CHECK(failure(bad) ==
        "its end is at offset 1024, but other bytes follow at offset 2048; give archives that were joined "
        "one by one");
  const auto with_size = [](const std::string& field) {
    std::string header = tar_header("a", 0);
    header.replace(124, 12, field);
    put_checksum(header);
    return header + tar_end();
  };
  CHECK(failure(with_size("000000000009")) == "the header of a at offset 0 gives a size that is no number");
  CHECK(failure(with_size("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")) ==
        "the header of a at offset 0 gives a size that is no number");
  CHECK(failure(with_size("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")) ==
        "the header of a at offset 0 gives a size that is no number");
  CHECK(failure(with_size(std::string("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12))) ==
        "it ends inside a, whose 18446744073709551615 bytes begin at offset 512, at offset 1536");
  CHECK(failure(tar_entry("", "1") + tar_end()) == "the file at offset 0 has no name");
  CHECK(failure(tar_entry("a", "1", 'S') + tar_end()) == "a at offset 0 is a sparse file; pack without --sparse");
  CHECK(failure(tar_entry("a", "1", 'M') + tar_end()) ==
        "a at offset 0 is of type 'M', which is not read; pack with tar's --format=pax or --format=ustar");
  CHECK(failure(tar_entry("p", pax_record("GNU.sparse.major", "1"), 'x') + good + tar_end()) ==
        "the file described at offset 512 is sparse; pack without --sparse");
  CHECK(failure(tar_entry("p", pax_record("path", "same"), 'g') + good + tar_end()) ==
        "the pax records at offset 512 give all files one path");
  CHECK(failure(tar_entry("p", pax_record("size", "-1"), 'x') + good + tar_end()) ==
        "the pax records at offset 512 give a size that is no number");
  for (const char* damaged :
       {"11 path=a\n", "8 path=a\nrest", "99 path=a\n", "x path=a\n", "0 \n", "3 \n", "9 path_ab\n"}) {
    CAPTURE(damaged);
    CHECK(failure(tar_entry("p", damaged, 'x') + good + tar_end()) == "the pax records at offset 512 are damaged");
  }
  CHECK(failure(tar_entry("p", std::string((1 << 20) + 1, 'x'), 'L') + good + tar_end()) ==
        "the name at offset 512 is of 1048577 bytes; at most 1048576 are read");
}
