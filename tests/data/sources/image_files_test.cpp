#include "data/sources/image_files.h"

#include <doctest/doctest.h>

#include <functional>

#include "data/sources/folder.h"
#include "data/sources/tar_images.h"
#include "kernels/runtime/error.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::Split;

namespace {

using Ints = std::vector<int>;

/// The same images as a folder and as an archive, which must be the same sources.
class Both {
 public:
  explicit Both(const ImageTree& tree, const data::SplitNames& names = {}, data::ImageFiles::Options options = {})
      : names_(names), options_(std::move(options)) {
    std::filesystem::create_directory(scratch_ / "images");
    write_tree(scratch_ / "images", tree);
    write_plain(scratch_ / "images.tar", tree_tar(tree));
  }

  void check(Split split, const std::function<void(const data::Source&)>& expect) const {
    const auto folder = open_folder(split), tar = open_tar(split);
    expect(*folder);
    expect(*tar);
    CHECK(data::fingerprint(*folder) == data::fingerprint(*tar));
  }
  /// "folder:DIR (...)" from the bracket on.
  std::string description(Split split) const {
    const std::string folder = open_folder(split)->describe(), tar = open_tar(split)->describe();
    const std::string folder_start = "folder:" + directory() + " ", tar_start = "tar:" + archive() + " ";
    REQUIRE(folder.starts_with(folder_start));
    REQUIRE(tar.starts_with(tar_start));
    CHECK(folder.substr(folder_start.size()) == tar.substr(tar_start.size()));
    return folder.substr(folder_start.size());
  }
  /// What both say behind their names, "folder: DIR".
  std::string failure(Split split) const {
    const std::string folder = message_of<engine::DataError>([&] { open_folder(split); });
    const std::string tar = message_of<engine::DataError>([&] { open_tar(split); });
    const std::string folder_start = "folder: " + directory(), tar_start = "tar: " + archive();
    REQUIRE(folder.starts_with(folder_start));
    REQUIRE(tar.starts_with(tar_start));
    CHECK(folder.substr(folder_start.size()) == tar.substr(tar_start.size()));
    return folder.substr(folder_start.size());
  }

  std::string directory() const { return (scratch_ / "images").string(); }
  std::string archive() const { return (scratch_ / "images.tar").string(); }
  std::unique_ptr<data::Source> open_folder(Split split) const {
    return data::open_folder(directory(), split,
                             {.splits = names_, .train_list = {}, .test_list = {}, .images = options_});
  }
  std::unique_ptr<data::Source> open_tar(Split split) const {
    return data::open_tar(archive(), split, {.test = {}, .splits = names_, .images = options_});
  }

 private:
  ScratchDirectory scratch_;
  data::SplitNames names_;
  data::ImageFiles::Options options_;
};

}  // namespace

TEST_CASE("image files: directories are classes, sorted by their bytes, as are the images") {
  const Both both({{"dog/nested/1.png", red_png(30)},
                   {"dog/0.PNG", red_png(31)},
                   {"Zebra/1.png", red_png(10)},
                   {"a cat\n\xc3\xa4/1.png", red_png(20)},
                   {"a cat\n\xc3\xa4/notes.txt", "no image"},
                   {"readme.txt", "no image"},
                   {".hidden/1.png", "no image"}});
  for (const Split split : {Split::train, Split::test}) {
    both.check(split, [](const data::Source& source) {
      CHECK(source.size() == 4);
      CHECK(reds_of(source) == Ints{10, 20, 31, 30});
      CHECK(labels_of(source) == Ints{0, 1, 2, 2});
      CHECK(source.layout().channels == 3);
      REQUIRE(source.layout().labels.size() == 1);
      CHECK(source.layout().labels[0] == data::LabelSet{.name = "label", .classes = 3});
      CHECK(source.layout().bit_planes == 0);
      CHECK_FALSE(source.varies());
    });
    CHECK(both.description(split) == "(4 images of 3 classes, the same to train and to test)");
  }
}

TEST_CASE("image files: without directories there are no labels, nor with labels=off") {
  const Both flat({{"b.png", red_png(2)}, {"a.png", red_png(1)}});
  flat.check(Split::train, [](const data::Source& source) {
    CHECK(source.layout().labels.empty());
    CHECK(reds_of(source) == Ints{1, 2});
    CHECK(labels_of(source) == Ints{-1, -1});
  });
  CHECK(flat.description(Split::train) == "(2 images without labels, the same to train and to test)");

  const ImageTree mixed{{"b.png", red_png(2)}, {"a/a.png", red_png(1)}};
  CHECK(Both(mixed).failure(Split::train) ==
        " has images in directories, which are classes, but also b.png, which is in none; move it into one, or give "
        "labels=off");
  const Both off(mixed, {}, {.labels = false, .skip_bad = {}});
  off.check(Split::test, [](const data::Source& source) {
    CHECK(source.layout().labels.empty());
    CHECK(reds_of(source) == Ints{1, 2});
  });
}

TEST_CASE("image files: ImageNet's layout has two splits") {
  ImageTree tree{{"train/n02/x.png", red_png(3)}, {"train/n01/y.png", red_png(1)}, {"train/n01/z.png", red_png(2)},
                 {"val/n01/a.png", red_png(4)},   {"val/n02/b.png", red_png(5)},   {"test/c.png", red_png(6)}};
  SUBCASE("as it is") {}
  SUBCASE("below another directory") {
    for (auto& [name, contents] : tree) name.insert(0, "imagenet/2012/");
  }
  const Both both(tree);
  both.check(Split::train, [](const data::Source& source) {
    CHECK(reds_of(source) == Ints{1, 2, 3});
    CHECK(labels_of(source) == Ints{0, 0, 1});
  });
  both.check(Split::test, [](const data::Source& source) {
    CHECK(reds_of(source) == Ints{4, 5});
    CHECK(labels_of(source) == Ints{0, 1});
  });
  CHECK(both.description(Split::train) == "(train, 3 images of 2 classes)");
  CHECK(both.description(Split::test) == "(test, 2 images of 2 classes)");
}

TEST_CASE("image files: a split may be called test, or by names that are given") {
  const ImageTree tree{{"train/a/1.png", red_png(1)}, {"test/a/1.png", red_png(2)}, {"more/a/1.png", red_png(3)}};
  Both(tree).check(Split::train, [](const data::Source& source) { CHECK(reds_of(source) == Ints{1}); });
  Both(tree).check(Split::test, [](const data::Source& source) { CHECK(reds_of(source) == Ints{2}); });
  const Both named(tree, {.train = "test", .test = "more/"});
  named.check(Split::train, [](const data::Source& source) { CHECK(reds_of(source) == Ints{2}); });
  named.check(Split::test, [](const data::Source& source) { CHECK(reds_of(source) == Ints{3}); });
  CHECK(Both(tree, {.train = "train", .test = "val"}).failure(Split::train) ==
        " has no images (.jpg, .jpeg, .png) in val/");
  CHECK(Both(tree, {.train = "train", .test = ""}).failure(Split::train) ==
        ": give the directories of both splits, train= and test=");
}

TEST_CASE("image files: both splits have the same classes") {
  ImageTree tree;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"})
    tree.emplace_back(std::string("train/") + name + "/1.png", "");
  tree.emplace_back("val/a/1.png", "");
  for (const Split split : {Split::train, Split::test}) {
    CHECK(Both(tree).failure(split) ==
          " has classes of which val has no images: b, c, d, e, f and 1 more; both splits "
          "must have the same classes");
  }
  const ImageTree more{{"train/a/1.png", ""}, {"val/a/1.png", ""}, {"val/b c/1.png", ""}};
  CHECK(Both(more).failure(Split::train) ==
        " has classes of which train has no images: b c; both splits must have the same classes");
  const ImageTree flat{{"train/a/1.png", ""}, {"val/1.png", ""}};
  CHECK(
      Both(flat).failure(Split::train) ==
      ": train has labels, but val has none; sort its images into directories of classes, list them with their labels, "
      "or give labels=off");
}

TEST_CASE("image files: nothing to read") {
  const ImageTree tree{{"a/notes.txt", ""}, {"train/.png/x", ""}};
  CHECK(Both(tree).failure(Split::train) == " has no images (.jpg, .jpeg, .png)");
}

TEST_CASE("image files: two thousand classes") {
  const ScratchDirectory scratch;
  const std::string image = red_png(7);
  ImageTree tree;
  write_tree(scratch.path(), {{"one/1.png", image}});
  std::filesystem::create_directory(scratch / "images");
  for (int i = 10000; i < 12000; ++i) {
    for (const char* split : {"train/", "val/"}) tree.emplace_back(split + std::to_string(i) + "/1.png", image);
    // Links are removed faster than directories.
    std::filesystem::create_directory_symlink("../one", scratch / ("images/" + std::to_string(i)));
  }
  write_plain(scratch / "images.tar", tree_tar(tree));
  const auto tar = data::open_tar((scratch / "images.tar").string(), Split::test, {});
  const auto folder = data::open_folder(scratch / "images", Split::test, {});
  for (const data::Source* source : {tar.get(), folder.get()}) {
    CHECK(source->size() == 2000);
    CHECK(source->layout().labels.at(0).classes == 2000);
    CHECK(source->label(1234) == 1234);
  }
}

TEST_CASE("image files: an extent if all images have it") {
  const ImageTree same{{"1.png", red_png(1)}, {"2.png", red_png(2)}};
  Both(same).check(Split::train, [](const data::Source& source) {
    CHECK(source.layout().extent == data::Extent{.height = 2, .width = 3});
  });
  ImageTree tree = same;
  tree.emplace_back("3.png", red_png(3, {.height = 3, .width = 2}));
  Both(tree).check(Split::train, [](const data::Source& source) {
    CHECK_FALSE(source.layout().extent.has_value());
    CHECK(read_first(source, 0).extent == data::Extent{.height = 2, .width = 3});
    CHECK(read_first(source, 2).extent == data::Extent{.height = 3, .width = 2});
  });
}

TEST_CASE("image files: a bad image is an error that names it, whole and in its directory") {
  const auto expect = [](const std::string& contents, const std::function<void(const data::Source&)>& use) {
    const Both both({{"a/1.png", red_png(1)}, {"a/2.png", contents}});
    const auto folder = message_of<engine::DataError>([&] { use(*both.open_folder(Split::train)); });
    const auto tar = message_of<engine::DataError>([&] { use(*both.open_tar(Split::train)); });
    CHECK(folder.starts_with("cannot decode " + both.directory() + "/a/2.png: "));
    CHECK(tar.starts_with("cannot decode " + both.archive() + ": a/2.png: "));
    CHECK(tar.ends_with("; replace or remove it, or skip bad images with --skip-bad on"));
  };
  // One without a size is no image of another size: the error comes when it is listed.
  expect("", [](const data::Source&) { FAIL("the source opens"); });
  expect(red_png(2).substr(0, 60), [](const data::Source& source) { read_first(source, 1); });
}

TEST_CASE("image files: a bad image is replaced by the next of its class, and noted once") {
  const auto bad = std::make_shared<data::BadFiles>();
  const ImageTree tree{{"a/1.png", red_png(1)}, {"a/2.png", ""},         {"a/3.png", "no image"},
                       {"b/1.png", red_png(4)}, {"b/2.png", red_png(5)}, {"b/3.png", ""}};
  const Both both(tree, {}, {.labels = true, .skip_bad = bad});
  both.check(Split::train, [](const data::Source& source) {
    CHECK(source.layout().extent == data::Extent{.height = 2, .width = 3});
    CHECK(reds_of(source) == Ints{1, 1, 1, 4, 5, 4});
    CHECK(labels_of(source) == Ints{0, 0, 0, 1, 1, 1});
    CHECK(reds_of(source) == Ints{1, 1, 1, 4, 5, 4});
  });
  CHECK(bad->count() == 6);  // three files in the folder and in the archive
  const auto reasons = bad->reasons();
  const std::string first = both.directory() + "/a/2.png";
  REQUIRE(reasons.contains(first));
  CHECK(reasons.at(first).starts_with("cannot decode " + first + ": "));
}

TEST_CASE("image files: a class of which all images are bad cannot be replaced") {
  const auto bad = std::make_shared<data::BadFiles>();
  const Both both({{"a/1.png", ""}, {"a/2.png", ""}, {"b/1.png", red_png(1)}}, {}, {.labels = true, .skip_bad = bad});
  const auto folder = both.open_folder(Split::train);
  CHECK(message_of<engine::DataError>([&] { read_first(*folder, 1); }) ==
        folder->describe() + ": no image of class 0 can be read: cannot decode " + both.directory() +
            "/a/1.png: the file is empty, expected JPEG or PNG; replace or remove it");
  CHECK(bad->count() == 2);
  CHECK(read_first(*folder, 2).pixels[0] == 1);

  const Both none({{"1.png", ""}, {"2.png", ""}}, {}, {.labels = true, .skip_bad = bad});
  CHECK(message_of<engine::DataError>([&] { none.open_folder(Split::train); }) ==
        "folder:" + none.directory() +
            " (2 images without labels, the same to train and to test): no image can be read: cannot decode " +
            none.directory() + "/2.png: the file is empty, expected JPEG or PNG; replace or remove it");
}

TEST_CASE("image files: an image that has changed its size is refused where all have one") {
  const Both both({{"1.png", red_png(1)}, {"2.png", red_png(2)}});
  const auto folder = both.open_folder(Split::train);
  write_plain(both.directory() + "/2.png", red_png(2, {.height = 4, .width = 3}));
  CHECK(message_of<engine::DataError>([&] { read_first(*folder, 1); }) ==
        both.directory() + "/2.png has changed its size since it was listed");
}

TEST_CASE("image files: other names, sizes or labels have another fingerprint") {
  const auto fingerprint = [](const ImageTree& tree) {
    return data::fingerprint(*Both(tree).open_folder(Split::train));
  };
  const std::string one = red_png(1), other = red_png(2);
  const std::string of_one = fingerprint({{"a/1.png", one}, {"b/1.png", other}});
  CHECK(of_one == fingerprint({{"below/a/1.png", one}, {"below/b/1.png", other}}));
  CHECK(of_one != fingerprint({{"a/2.png", one}, {"b/1.png", other}}));
  CHECK(of_one != fingerprint({{"a/1.png", one + "x"}, {"b/1.png", other}}));
  CHECK(of_one != fingerprint({{"a/1.png", one}, {"c/1.png", other}}));
  CHECK(of_one != fingerprint({{"a/1.png", one}, {"b/1.png", other}, {"b/2.png", other}}));
}
