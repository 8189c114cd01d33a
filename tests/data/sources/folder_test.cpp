#include "data/sources/folder.h"

#include <doctest/doctest.h>

#include <thread>

#include "data/kinds.h"
#include "kernels/runtime/error.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_folder;
using data::Split;
namespace fs = std::filesystem;

namespace {

using Ints = std::vector<int>;

/// A folder of four images of two classes, and lists beside it.
class Listed {
 public:
  Listed() {
    write_tree(
        scratch_ / "images",
        {{"n 1/a b.png", red_png(1)}, {"n 1/c.png", red_png(2)}, {"n2/a.png", red_png(3)}, {"n2/d 7.png", red_png(4)}});
  }
  std::unique_ptr<data::Source> open(const std::string& train, const std::string& test, Split split) const {
    data::FolderOptions options;
    for (const auto& [text, name, path] :
         {std::tuple(&train, "train.txt", &options.train_list), std::tuple(&test, "test.txt", &options.test_list)}) {
      if (text->empty()) continue;
      write_plain(scratch_ / name, *text);
      *path = scratch_ / name;
    }
    return open_folder(scratch_ / "images", split, options);
  }
  fs::path directory() const { return scratch_ / "images"; }
  std::string failure(const std::string& train, const std::string& test) const {
    return message_of<engine::DataError>([&] { open(train, test, Split::train); });
  }
  fs::path path(const std::string& name) const { return scratch_ / name; }

 private:
  ScratchDirectory scratch_;
};

}  // namespace

TEST_CASE("folder: lists with labels, in the order of the list") {
  const Listed images;
  const std::string train = "n2/d 7.png 5\n\nn 1/a b.png\t0\r\n", test = "n 1/c.png  2";
  const auto source = images.open(train, test, Split::train);
  CHECK(reds_of(*source) == Ints{4, 1});
  CHECK(labels_of(*source) == Ints{5, 0});
  CHECK(source->layout().labels.at(0).classes == 6);
  CHECK(source->describe() == "folder:" + images.path("images").string() + " (train, 2 images of 6 classes)");
  const auto other = images.open(train, test, Split::test);
  CHECK(labels_of(*other) == Ints{2});
  CHECK(other->layout().labels.at(0).classes == 6);
}

TEST_CASE("folder: lists without labels, of which directories are the classes") {
  const Listed images;
  const auto source = images.open("n2/a.png\nn 1/c.png\n", "n2/d 7.png\n", Split::test);
  CHECK(reds_of(*source) == Ints{4});
  CHECK(labels_of(*source) == Ints{1});
  CHECK(source->layout().labels.at(0).classes == 2);
}

TEST_CASE("folder: images keep the names of their files in compositions") {
  const Listed listed;
  for (const char* form : {"folder:DIR", "resize(folder:DIR, size=8)", "randbit(resize(folder:DIR, size=8), bits=3)"}) {
    std::string expression = form;
    expression.replace(expression.find("DIR"), 3, listed.directory().string());
    const auto source = data::open_source(expression, {});
    CHECK(source->file_name(0) == "n 1/a b.png");
    CHECK(source->file_name(3) == "n2/d 7.png");
    const auto subset = data::open_source("subset(" + expression + ", classes=[1])", {});
    CHECK(subset->file_name(1) == "n2/d 7.png");
  }
  CHECK(data::open_source("digits:", {})->file_name(0).empty());
}

TEST_CASE("folder: a list of one split") {
  const ScratchDirectory scratch;
  write_tree(scratch.path(), {{"train/a/1.png", red_png(1)},
                              {"train/a/2.png", red_png(2)},
                              {"train/b/1.png", red_png(3)},
                              {"val/a/1.png", red_png(4)},
                              {"val/b/1.png", red_png(5)},
                              {"list.txt", "train/b/1.png\ntrain/a/2.png\n"}});
  data::FolderOptions options;
  options.train_list = scratch / "list.txt";
  SUBCASE("the directories have the other") {
    const auto train = open_folder(scratch.path(), Split::train, options);
    CHECK(reds_of(*train) == Ints{3, 2});
    CHECK(labels_of(*train) == Ints{1, 0});
    CHECK(reds_of(*open_folder(scratch.path(), Split::test, options)) == Ints{4, 5});
  }
  SUBCASE("it is both") {
    fs::remove_all(scratch / "val");
    const auto test = open_folder(scratch.path(), Split::test, options);
    CHECK(reds_of(*test) == Ints{3, 2});
    CHECK(test->describe() ==
          "folder:" + scratch.path().string() + " (2 images of 2 classes, the same to train and to test)");
  }
  SUBCASE("the test images would be in the other") {
    fs::remove_all(scratch / "val");
    options.test_list = options.train_list;
    options.train_list.clear();
    CHECK(message_of<engine::DataError>([&] { open_folder(scratch.path(), Split::train, options); }) ==
          engine::concat("folder: ", scratch.path(),
                         " has no training split beside the test_list; give a train_list, too"));
  }
}

TEST_CASE("folder: says what is wrong with a list, and in which line") {
  const Listed images;
  const std::string at = engine::concat("folder: line 2 of ", images.path("train.txt"));
  const std::string good = "n2/a.png 1\n";
  CHECK(images.failure(good + "n2/x.png 1", good) ==
        engine::concat(at, ": there is no file ", images.path("images/n2/x.png")));
  CHECK(images.failure(good + "n2/a.png", good) ==
        at + " has no label, but earlier lines have one; give all images labels or none");
  CHECK(images.failure("n2/a.png\n" + good, good) ==
        at + " has a label, but earlier lines have none; give all images labels or none");
  CHECK(images.failure(good + "n2/a.png -1", good) == at + " has the label -1, expected a number from 0 to 16777215");
  CHECK(images.failure(good + "n2/a.png 16777216", good) ==
        at + " has the label 16777216, expected a number from 0 to 16777215");
  CHECK(images.failure(good + "n2/a.png 1-2", good) == at + " has the label 1-2, expected a number from 0 to 16777215");
  CHECK(images.failure(good + "n2/a.png cat", good) ==
        at + " has no image (.jpg, .jpeg, .png), expected a path and, if there is one, a label");
  CHECK(images.failure("\n", good) ==
        engine::concat("folder: ", images.path("train.txt").string(), " has no images (.jpg, .jpeg, .png)"));
  CHECK(images.failure(good, "n2/a.png") == engine::concat("folder: ", images.path("images").string(),
                                                           ": the labels of ", images.path("train.txt").string(),
                                                           " are numbers, those of ", images.path("test.txt").string(),
                                                           " are not; give both as numbers or neither"));
  data::FolderOptions options;
  options.train_list = options.test_list = images.path("absent.txt");
  CHECK(message_of<engine::DataError>([&] {
          open_folder(images.path("images"), Split::train, options);
        }).starts_with("folder: cannot open "));
}

TEST_CASE("folder: there is no directory") {
  const ScratchDirectory scratch;
  write_plain(scratch / "file", "");
  for (const char* name : {"absent", "file"}) {
    CHECK(message_of<engine::DataError>([&] { open_folder(scratch / name, Split::train, {}); }) ==
          engine::concat("folder: there is no directory ", scratch / name, "; give the one that the images lie in"));
  }
}

TEST_CASE("folder: a linked class, and a file that vanishes") {
  const ScratchDirectory scratch;
  write_tree(scratch.path(), {{"images/a/1.png", red_png(1)}, {"elsewhere/2.png", red_png(2)}});
  fs::create_directory_symlink("../elsewhere", scratch / "images/b");
  const auto source = open_folder(scratch / "images", Split::train, {});
  CHECK(reds_of(*source) == Ints{1, 2});
  CHECK(labels_of(*source) == Ints{0, 1});
  fs::remove(scratch / "elsewhere/2.png");
  CHECK(message_of<engine::DataError>([&] { read_first(*source, 1); }) ==
        "cannot read " + (scratch / "images/b/2.png").string() + ": No such file or directory");
}

TEST_CASE("folder: many threads read the same as one") {
  const ScratchDirectory scratch;
  ImageTree tree;
  for (int i = 0; i < 40; ++i) {
    tree.emplace_back(std::to_string(100 + i) + ".png",
                      red_png(static_cast<std::uint8_t>(i), {.height = 1 + i % 7, .width = 20}));
  }
  write_tree(scratch.path(), tree);
  const auto source = open_folder(scratch.path(), Split::train, {});
  std::vector<Ints> reds(4);
  {
    std::vector<std::jthread> threads;
    for (Ints& mine : reds) threads.emplace_back([&] { mine = reds_of(*source); });
  }
  for (const Ints& mine : reds) CHECK(mine == reds_of(*source));
}
