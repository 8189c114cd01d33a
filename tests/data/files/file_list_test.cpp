#include "data/files/file_list.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::FileList;
using data::list_files;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

Names names_of(const FileList& list) {
  Names names;
  for (std::int64_t i = 0; i < list.size(); ++i) names.emplace_back(list.name(i));
  return names;
}

/// As old as a directory must be for its list to be kept.
void make_old(const fs::path& directory) {
  fs::last_write_time(directory, fs::file_time_type::clock::now() - std::chrono::minutes(1));
}

/// 10000 empty files in 10 directories: the fewest of which a list is kept.
void write_many(const fs::path& root) {
  for (int directory = 0; directory < 10; ++directory) {
    const fs::path path = root / std::to_string(directory);
    fs::create_directories(path);
    for (int i = 0; i < 1000; ++i) std::ofstream(path / (std::to_string(i) + ".jpg"));
    make_old(path);
  }
  make_old(root);
}

/// The only file of a cache.
fs::path only_file(const fs::path& cache) {
  REQUIRE(fs::is_directory(cache));
  REQUIRE(std::distance(fs::directory_iterator(cache), {}) == 1);
  return fs::directory_iterator(cache)->path();
}

}  // namespace

TEST_CASE("file list: nested, sorted by bytes, whatever the names") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch / "b/c c");
  fs::create_directories(scratch / "b/.hidden");
  fs::create_directories(scratch / "empty");
  for (const char* name :
       {"z.jpg", "Z.jpg", "b/c c/x y.jpg", "b/a\nb.jpg", "b.jpg", "\xc3\xa4.jpg", ".hidden.jpg", "b/.hidden/x.jpg"}) {
    write_plain(scratch / name, "12");
  }
  REQUIRE(mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  const FileList list = list_files(scratch.path(), std::nullopt);
  CHECK(names_of(list) == Names{"Z.jpg", "b.jpg", "b/a\nb.jpg", "b/c c/x y.jpg", "z.jpg", "\xc3\xa4.jpg"});
  for (std::int64_t i = 0; i < list.size(); ++i) CHECK(list.bytes(i) == 2);
}

TEST_CASE("file list: links are followed, but not in circles") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch / "root/a/deep");
  fs::create_directories(scratch / "elsewhere");
  write_plain(scratch / "elsewhere/x.jpg", "123");
  write_plain(scratch / "root/a/deep/y.jpg", "1");
  fs::create_directory_symlink(scratch / "elsewhere", scratch / "root/linked");
  fs::create_symlink(scratch / "elsewhere/x.jpg", scratch / "root/file.jpg");
  fs::create_symlink("nowhere", scratch / "root/broken.jpg");
  fs::create_symlink("itself.jpg", scratch / "root/itself.jpg");
  fs::create_directory_symlink("../..", scratch / "root/a/deep/up");
  fs::create_directory_symlink(scratch / "root", scratch / "elsewhere/back");
  fs::create_directory_symlink(scratch / "root", scratch / "as root");
  for (const char* root : {"root", "as root"}) {
    const FileList list = list_files(scratch / root, std::nullopt);
    CHECK(names_of(list) == Names{"a/deep/y.jpg", "broken.jpg", "file.jpg", "itself.jpg", "linked/x.jpg"});
    CHECK(list.bytes(1) == 0);
    CHECK(list.bytes(2) == 3);
  }
}

TEST_CASE("file list: says which directory cannot be read") {
  const ScratchDirectory scratch;
  write_plain(scratch / "file", "");
  CHECK(message_of<engine::DataError>([&] { list_files(scratch / "absent", std::nullopt); }) ==
        engine::concat("cannot list ", scratch / "absent", ": No such file or directory"));
  CHECK(message_of<engine::DataError>([&] { list_files(scratch / "file", std::nullopt); }) ==
        engine::concat("cannot list ", scratch / "file", ": Not a directory"));
}

TEST_CASE("file list: is kept until a directory changes") {
  const ScratchDirectory scratch;
  const fs::path root = scratch / "images", cache = scratch / "cache/antipode";
  write_many(root);
  const Names names = names_of(list_files(root, cache));
  REQUIRE(names.size() == 10000);
  CHECK(names.front() == "0/0.jpg");
  const fs::path kept = only_file(cache);

  // A file that grows changes no directory: the old size shows that the list was not made again.
  write_plain(root / "0/0.jpg", "123");
  const FileList second = list_files(root, cache);
  CHECK(names_of(second) == names);
  CHECK(second.bytes(0) == 0);

  SUBCASE("a file is added to one") {
    write_plain(root / "7/new.jpg", "");
    CHECK(list_files(root, cache).size() == 10001);
    CHECK(list_files(root, cache).bytes(0) == 3);
  }
  SUBCASE("a directory is added") {
    fs::create_directories(root / "new");
    write_plain(root / "new/1.jpg", "");
    CHECK(list_files(root, cache).size() == 10001);
  }
  SUBCASE("one is removed") {
    fs::remove_all(root / "7");
    make_old(root);
    CHECK(list_files(root, cache).size() == 9000);
  }
  SUBCASE("the kept list is damaged") {
    std::string bytes;
    {
      std::ifstream file(kept, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, bytes.size() / 2, bytes.size() - 1}) {
      write_plain(kept, bytes.substr(0, size));
      CHECK(list_files(root, cache).bytes(0) == 3);
    }
    for (const std::size_t place : {std::size_t{0}, std::size_t{20}, bytes.size() / 2, bytes.size() - 1}) {
      std::string changed = bytes;
      changed[place] ^= 1;
      write_plain(kept, changed);
      CHECK(list_files(root, cache).bytes(0) == 3);
    }
    CHECK(names_of(list_files(root, cache)) == names);
  }
}

TEST_CASE("file list: none is kept of a directory that has just changed, or of few files") {
  const ScratchDirectory scratch;
  const fs::path root = scratch / "images", cache = scratch / "cache";
  write_many(root);
  write_plain(root / "3/new.jpg", "");
  CHECK(list_files(root, cache).size() == 10001);
  CHECK_FALSE(fs::exists(cache));
  fs::remove_all(root / "4");
  make_old(root);
  make_old(root / "3");
  CHECK(list_files(root, cache).size() == 9001);
  CHECK_FALSE(fs::exists(cache));
}

TEST_CASE("file list: a cache that cannot be written does not matter") {
  const ScratchDirectory scratch;
  write_plain(scratch / "file", "");
  write_many(scratch / "images");
  CHECK(list_files(scratch / "images", scratch / "file/cache").size() == 10000);
  CHECK(list_files(scratch / "images", scratch / "file/cache").size() == 10000);
}

TEST_CASE("file list: where lists are kept") {
  const auto with = [](const char* cache, const char* home) {
    const char* before[] = {std::getenv("XDG_CACHE_HOME"), std::getenv("HOME")};
    const std::string old_cache = before[0] ? before[0] : "", old_home = before[1] ? before[1] : "";
    const auto set = [](const char* name, const char* value) { value ? setenv(name, value, 1) : unsetenv(name); };
    set("XDG_CACHE_HOME", cache);
    set("HOME", home);
    const auto directory = data::cache_directory();
    set("XDG_CACHE_HOME", before[0] ? old_cache.c_str() : nullptr);
    set("HOME", before[1] ? old_home.c_str() : nullptr);
    return directory;
  };
  CHECK(with("/caches", "/home/a") == fs::path("/caches/antipode"));
  CHECK(with(nullptr, "/home/a") == fs::path("/home/a/.cache/antipode"));
  CHECK(with("relative", "/home/a") == fs::path("/home/a/.cache/antipode"));
  CHECK(with(nullptr, nullptr) == std::nullopt);
}
