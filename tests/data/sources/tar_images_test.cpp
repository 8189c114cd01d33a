#include "data/sources/tar_images.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/runtime/error.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_tar;
using data::Split;

namespace {

using Ints = std::vector<int>;

std::string failure(const std::string& pattern, const data::TarOptions& options = {}) {
  return message_of<engine::DataError>([&] { open_tar(pattern, Split::train, options); });
}

}  // namespace

TEST_CASE("tar images: shards, plain and compressed") {
  const ScratchDirectory scratch;
  write_plain(scratch / "train-0.tar", tree_tar({{"b/1.png", red_png(2)}, {"a/2.png", red_png(1)}}));
  write_gzip(scratch / "train-1.tar", tree_tar({{"a/1.png", red_png(3)}}));
  write_plain(scratch / "train-2.tar", zstd_packed(tree_tar({{"b/2.png", red_png(4)}})));
  write_plain(scratch / "val.tar", tree_tar({{"val/a/1.png", red_png(5)}, {"val/b/1.png", red_png(6)}}));
  for (const char* pattern : {"train-{0..2}.tar", "train-*.tar"}) {
    data::TarOptions options;
    options.test = (scratch / "val.tar").string();
    const auto train = open_tar((scratch / pattern).string(), Split::train, options);
    CHECK(reds_of(*train) == Ints{3, 1, 2, 4});
    CHECK(labels_of(*train) == Ints{0, 0, 1, 1});
    CHECK(train->describe() == "tar:" + (scratch / pattern).string() + " (train, 4 images of 2 classes)");
    const auto test = open_tar((scratch / pattern).string(), Split::test, options);
    CHECK(reds_of(*test) == Ints{5, 6});
    CHECK(labels_of(*test) == Ints{0, 1});
  }
}

TEST_CASE("tar images: WebDataset's names, whose keys belong to an archive") {
  const ScratchDirectory scratch;
  write_plain(
      scratch / "0.tar",
      tree_tar({{"000.png", red_png(1)}, {"000.cls", "3\n"}, {"a.b/x.cls", "0"}, {"a.b/x.seg.png", red_png(2)}}));
  write_plain(scratch / "1.tar", tree_tar({{"000.cls", "1"}, {"000.png", red_png(3)}, {"000.json", "{}"}}));
  write_plain(scratch / "test.tar", tree_tar({{"9.cls", "7"}, {"9.png", red_png(4)}}));
  data::TarOptions options;
  options.test = (scratch / "test.tar").string();
  const std::string pattern = (scratch / "{0..1}.tar").string();
  const auto train = open_tar(pattern, Split::train, options);
  CHECK(reds_of(*train) == Ints{1, 3, 2});
  CHECK(labels_of(*train) == Ints{3, 1, 0});
  CHECK(train->layout().labels.at(0).classes == 8);
  CHECK(labels_of(*open_tar(pattern, Split::test, options)) == Ints{7});
  const auto alike = open_tar(pattern, Split::test, {});
  CHECK(labels_of(*alike) == Ints{3, 1, 0});
  CHECK(alike->describe() == "tar:" + pattern + " (3 images of 4 classes, the same to train and to test)");
  options.images.labels = false;
  CHECK(open_tar(pattern, Split::train, options)->layout().labels.empty());
}

TEST_CASE("tar images: labels in files that are missing or wrong") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "a.tar").string();
  write_plain(path, tree_tar({{"1.png", ""}, {"1.cls", "1"}, {"2.png", ""}}));
  CHECK(failure(path) == "tar: " + path + ": 2.png has no label, but other images have one in a .cls file");
  for (const char* label : {"", "-1", "cat", "1 2", "16777216"}) {
    write_plain(path, tree_tar({{"1.png", ""}, {"1.cls", label}}));
    CHECK(failure(path) == "tar: " + path + ": 1.cls must hold a label, a number from 0 to 16777215");
  }
}

TEST_CASE("tar images: an archive that is cut, and one that is missing") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "a.tar").string(),
                    archive = tree_tar({{"a/1.png", red_png(1)}, {"b/1.png", red_png(2)}});
  write_plain(path, archive.substr(0, 1560));
  CHECK(failure(path).starts_with(engine::concat("tar: cannot read ", scratch / "a.tar", ": it ends inside b/1.png")));
  CHECK(failure((scratch / "b.tar").string()) == engine::concat("tar: there is no file ", scratch / "b.tar"));
  CHECK(failure((scratch / "b*.tar").string()) == engine::concat("tar: no file matches ", scratch / "b*.tar"));
}

TEST_CASE("tar images: an image that is a link is bad") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "a.tar").string();
  std::string link = tar_header("2.png", 0, '1');
  link.replace(157, 5, "1.png");
  put_checksum(link);
  write_plain(path, tar_entry("1.png", red_png(1)) + link + tar_end());
  CHECK(failure(path) == path + ": 2.png is a link to 1.png; pack with tar's --dereference --hard-dereference");
}

TEST_CASE("tar images: the real CIFAR-10 and Tiny ImageNet, as JPEG") {
  const char* root = std::getenv("ANTIPODE_DATA");
  const std::filesystem::path directory = root != nullptr ? root : "";
  struct Expected {
    const char* file;
    Split split;
    std::int64_t images, of_each;
    int classes;
    data::Extent extent;
  };
  const Expected sets[] = {
      {"cifar10-jpeg.tar.zst", Split::train, 50000, 5000, 10, {.height = 32, .width = 32}},
      {"cifar10-jpeg.tar.zst", Split::test, 10000, 1000, 10, {.height = 32, .width = 32}},
      {"tiny-imagenet-20.tar.zst", Split::train, 10000, 500, 20, {.height = 64, .width = 64}},
      {"tiny-imagenet-20.tar.zst", Split::test, 1000, 50, 20, {.height = 64, .width = 64}},
  };
  for (const Expected& expected : sets) {
    if (root == nullptr || !is_regular_file(directory / expected.file)) {
      MESSAGE("[skipped] set ANTIPODE_DATA to a directory with " << std::string(expected.file) << " in it");
      continue;
    }
    const auto source = open_tar((directory / expected.file).string(), expected.split, {});
    CHECK(source->size() == expected.images);
    CHECK(source->layout().extent == expected.extent);
    CHECK(source->layout().labels.at(0).classes == expected.classes);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(expected.classes));
    std::int64_t grey = 0;
    data::Example example;
    for (std::int64_t i = 0; i < source->size(); ++i) {
      ++counts[static_cast<std::size_t>(source->label(i).value())];
      if (i % 7 != 0) continue;
      source->read({.example = i, .fetch = 0}, {}, example);
      REQUIRE(example.extent == expected.extent);
      REQUIRE(example.pixels.size() == static_cast<std::size_t>(3 * expected.extent.pixels()));
      bool is_grey = true;
      for (std::size_t p = 0; p < example.pixels.size(); p += 3) {
        is_grey = is_grey && example.pixels[p] == example.pixels[p + 1] && example.pixels[p] == example.pixels[p + 2];
      }
      grey += is_grey;
    }
    CHECK(std::ranges::all_of(counts, [&](std::int64_t count) { return count == expected.of_each; }));
    const bool tiny = expected.classes == 20;
    CHECK(grey * 7 * 200 >= (tiny ? expected.images : 0));  // about 2% of Tiny ImageNet is grey
    CHECK(grey * 7 * 20 <= expected.images);
  }
}
