#include "data/files/archive.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/files/tar_bytes.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::Archive;

namespace {

std::string contents(const Archive& archive, std::int64_t i) {
  const auto bytes = archive.read(i);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string failure(const std::filesystem::path& path) {
  return message_of<engine::DataError>([&] { const Archive archive(path); });
}

const std::string kArchive = tar_entry("b.jpg", "123") + tar_entry("a.jpg", "4567") + tar_end();

}  // namespace

TEST_CASE("archive: plain, gzip and zstd hold the same, whatever they are called") {
  const ScratchDirectory scratch;
  write_plain(scratch / "plain", kArchive);
  write_gzip(scratch / "gzip", kArchive);
  write_plain(scratch / "zstd", zstd_packed(kArchive));
  for (const char* name : {"plain", "gzip", "zstd"}) {
    const Archive archive(scratch / name);
    REQUIRE(archive.files().size() == 2);
    CHECK(archive.files().name(0) == "b.jpg");
    CHECK(archive.files().bytes(1) == 4);
    CHECK(contents(archive, 0) == "123");
    CHECK(contents(archive, 1) == "4567");
    CHECK(archive.unpacked_bytes() == (name == std::string("plain") ? 0 : kArchive.size()));
  }
}

TEST_CASE("archive: errors name the archive") {
  const ScratchDirectory scratch;
  const auto path = scratch / "a.tar";
  write_plain(path, kArchive.substr(0, 515 + 1024));
  CHECK(failure(path) == engine::concat("tar: cannot read ", path,
                                        ": it ends inside a.jpg, whose 4 bytes begin at offset 1536, at offset 1539; "
                                        "fetch or pack it again"));
  write_plain(path, "");
  CHECK(failure(path) == engine::concat("tar: cannot read ", path, ": it is empty; fetch or pack it again"));
  write_plain(path, zstd_packed(kArchive).substr(0, 40));
  CHECK(failure(path) == engine::concat("tar: cannot read ", path, ": unexpected end of file; fetch or pack it again"));
  CHECK(failure(scratch.path()) ==
        engine::concat("tar: cannot read ", scratch.path().string(), ": it is a directory, not a regular file"));
  CHECK(failure(scratch / "absent").starts_with("tar: cannot open "));
}

TEST_CASE("archive: a small file that unpacks to more than the limit is refused") {
  const ScratchDirectory scratch;
  const auto path = scratch / "bomb.tar.zst";
  write_plain(path, zstd_packed(std::string(1 << 20, '\0')));
  CHECK(std::filesystem::file_size(path) < 200);
  CHECK(
      message_of<engine::DataError>([&] { const Archive archive(path, (1 << 20) - 1); }) ==
      engine::concat("tar: ", path,
                     " unpacks to more than 1048575 bytes, the most that are held in memory; decompress it, and it is "
                     "read from the disk"));
}

TEST_CASE("archive: a link has no contents") {
  const ScratchDirectory scratch;
  std::string header = tar_header("a.jpg", 0, '1');
  header.replace(157, 5, "b.jpg");
  put_checksum(header);
  write_plain(scratch / "a.tar", header + tar_end());
  const Archive archive(scratch / "a.tar");
  CHECK(message_of<engine::DataError>([&] { contents(archive, 0); }) ==
        (scratch / "a.tar").string() + ": a.jpg is a link to b.jpg; pack with tar's --dereference --hard-dereference");
}

TEST_CASE("archive: one that is removed stays readable, one that is cut does not") {
  const ScratchDirectory scratch;
  write_plain(scratch / "a.tar", kArchive);
  const Archive archive(scratch / "a.tar");
  std::filesystem::resize_file(scratch / "a.tar", 1024);
  CHECK(contents(archive, 0) == "123");
  CHECK(message_of<engine::DataError>([&] { contents(archive, 1); }) ==
        (scratch / "a.tar").string() + ": a.jpg was cut off since the archive was opened");
  write_plain(scratch / "b.tar", kArchive);
  const Archive removed(scratch / "b.tar");
  std::filesystem::remove(scratch / "b.tar");
  CHECK(contents(removed, 1) == "4567");
}

TEST_CASE("archive: is opened once for all, and anew when it has changed") {
  const ScratchDirectory scratch;
  write_plain(scratch / "a.tar", kArchive);
  auto first = data::open_archive(scratch / "a.tar");
  CHECK(data::open_archive(scratch.path() / "." / "a.tar") == first);
  write_plain(scratch / "b.tar", tar_entry("a.jpg", "123456") + tar_end());
  std::filesystem::rename(scratch / "b.tar", scratch / "a.tar");
  const auto second = data::open_archive(scratch / "a.tar");
  CHECK(second->files().bytes(0) == 6);
  CHECK(contents(*first, 0) == "123");
  CHECK(message_of<engine::DataError>([&] { data::open_archive(scratch / "absent"); }) ==
        engine::concat("tar: cannot read ", scratch / "absent", ": No such file or directory"));
}
