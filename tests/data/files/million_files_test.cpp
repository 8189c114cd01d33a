#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

#include "data/files/file_list.h"
#include "data/sources/folder.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

namespace fs = std::filesystem;

TEST_CASE("folder: a million empty files are listed, in seconds the second time, and each is bad") {
  const ScratchDirectory scratch;
  const fs::path root = scratch / "images", cache = scratch / "cache";
  for (int directory = 1000; directory < 2000; ++directory) {
    const fs::path path = root / std::to_string(directory);
    fs::create_directories(path);
    for (int i = 1000; i < 2000; ++i) std::ofstream(path / (std::to_string(i) + ".jpg"));
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  }
  fs::last_write_time(root, fs::file_time_type::clock::now() - std::chrono::minutes(1));

  const auto seconds = [](const auto& call) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto list = [&] {
    const data::FileList files = data::list_files(root, cache);
    CHECK(files.size() == 1000000);
    CHECK(files.name(999999) == "1999/1999.jpg");
  };
  const double first = seconds(list), second = seconds(list);
  MESSAGE("seconds to list a million files: " << first << ", the second time " << second);
  CHECK(second < first);
  CHECK(second < 5);

  REQUIRE(setenv("XDG_CACHE_HOME", (scratch / "user").c_str(), 1) == 0);
  std::unique_ptr<data::Source> source;
  const auto open = [&] { source = data::open_folder(root, data::Split::train, {}); };
  const double opened_first = seconds(open), opened_second = seconds(open);
  MESSAGE("seconds to open them as a source: " << opened_first << ", the second time " << opened_second);
  CHECK(opened_second < 10);
  CHECK(source->size() == 1000000);
  CHECK(source->layout().labels.at(0).classes == 1000);
  CHECK(source->label(123456) == 123);
  data::Example example;
  CHECK(message_of<engine::DataError>([&] {
          source->read({.example = 123456, .fetch = 0}, {}, example);
        }).starts_with("cannot decode " + (root / "1123/1456.jpg").string() + ": "));
}
