#include "data/files/archive_set.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/files/tar_bytes.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::ArchiveSet;

TEST_CASE("archive set: the files of all shards, sorted by name") {
  const ScratchDirectory scratch;
  write_plain(scratch / "s-0.tar", tar_entry("c/2.jpg", "c2") + tar_entry("a/1.jpg", "a1") +
                                       tar_entry("a/._1.jpg", "macOS") + tar_entry(".git/x.jpg", "") + tar_end());
  write_gzip(scratch / "s-1.tar", tar_entry("b/1.jpg", "b1") + tar_entry("a/1.jpg", "other") + tar_end());
  const ArchiveSet set((scratch / "s-{0..1}.tar").string());
  REQUIRE(set.size() == 4);
  const std::string names[] = {"a/1.jpg", "a/1.jpg", "b/1.jpg", "c/2.jpg"};
  const std::string contents[] = {"a1", "other", "b1", "c2"};
  const std::uint32_t parts[] = {0, 1, 1, 0};
  std::vector<std::byte> buffer;
  for (int i = 0; i < 4; ++i) {
    CHECK(set.name(i) == names[i]);
    CHECK(set.part(i) == parts[i]);
    CHECK(set.bytes(i) == contents[i].size());
    const auto bytes = set.read(i, buffer);
    CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == contents[i]);
  }
  CHECK(set.find("a/1.jpg", 0) == 0);
  CHECK(set.find("a/1.jpg", 1) == 1);
  CHECK_FALSE(set.find("b/1.jpg", 0).has_value());
  CHECK_FALSE(set.find("z", 1).has_value());
  CHECK(set.locate(1) == (scratch / "s-1.tar").string() + ": a/1.jpg");
}

TEST_CASE("archive set: a name that is twice in an archive is refused") {
  const ScratchDirectory scratch;
  write_plain(scratch / "a.tar",
              tar_entry("a.jpg", "1") + tar_entry("b.jpg", "1") + tar_entry("./a.jpg", "2") + tar_end());
  CHECK(message_of<engine::DataError>([&] { const ArchiveSet set((scratch / "a.tar").string()); }) ==
        engine::concat("tar: ", scratch / "a.tar", " has two files a.jpg; pack it again with one"));
}
