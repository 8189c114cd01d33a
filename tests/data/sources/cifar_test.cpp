#include "data/sources/cifar.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::CifarSet;
using data::open_cifar;
using data::Split;

namespace {

using Ints = std::vector<int>;

/// A record whose planes are all of one value each.
std::string record(const std::string& labels, int red) {
  return labels + std::string(1024, static_cast<char>(red)) + std::string(1024, static_cast<char>(red + 1)) +
         std::string(1024, static_cast<char>(red + 2));
}

/// CIFAR-10's files, one image in the test batch and two in each other.
ImageTree files10() {
  ImageTree files{{"batches.meta.txt", "airplane\n"}, {"test_batch.bin", record("\x09", 200)}};
  for (int batch = 0; batch < 5; ++batch) {
    files.emplace_back("data_batch_" + std::to_string(batch + 1) + ".bin",
                       record(std::string(1, static_cast<char>(batch)), 10 * batch) + record("\x05", 10 * batch + 5));
  }
  return files;
}

ImageTree files100() {
  return {{"train.bin", record("\x13\x63", 1) + record(std::string("\x00\x01", 2), 2)},
          {"test.bin", record("\x02\x03", 3)}};
}

ImageTree below(const std::string& directory, ImageTree files) {
  for (auto& [name, contents] : files) name.insert(0, directory);
  return files;
}

void expect10(const std::filesystem::path& path) {
  const auto train = open_cifar(path, CifarSet::cifar10, Split::train);
  CHECK(reds_of(*train) == Ints{0, 5, 10, 15, 20, 25, 30, 35, 40, 45});
  CHECK(labels_of(*train) == Ints{0, 5, 1, 5, 2, 5, 3, 5, 4, 5});
  CHECK(train->layout().extent == data::Extent{.height = 32, .width = 32});
  CHECK(train->layout().channels == 3);
  CHECK(train->layout().labels == std::vector{data::LabelSet{.name = "label", .classes = 10}});
  CHECK(train->describe() == "cifar10:" + path.string() + " (train, 10 images)");
  const auto test = open_cifar(path, CifarSet::cifar10, Split::test);
  CHECK(reds_of(*test) == Ints{200});
  CHECK(labels_of(*test) == Ints{9});
  CHECK(test->describe() == "cifar10:" + path.string() + " (test, 1 images)");
}

std::string failure(const std::filesystem::path& path, CifarSet set = CifarSet::cifar10) {
  return message_of<engine::DataError>([&] { open_cifar(path, set, Split::train); });
}

}  // namespace

TEST_CASE("cifar: CIFAR-10 from its files, from around them, and from the archive") {
  const ScratchDirectory scratch;
  SUBCASE("files") {
    write_tree(scratch.path(), files10());
    expect10(scratch.path());
  }
  SUBCASE("as unpacked") {
    write_tree(scratch / "cifar-10-batches-bin", files10());
    expect10(scratch.path());
    expect10(scratch / "cifar-10-batches-bin");
  }
  SUBCASE("archive") {
    const ImageTree files = below("cifar-10-batches-bin/", files10());
    write_gzip(scratch / "cifar-10-binary.tar.gz", tree_tar({files.rbegin(), files.rend()}));
    expect10(scratch.path());
    expect10(scratch / "cifar-10-binary.tar.gz");
  }
}

TEST_CASE("cifar: CIFAR-100 has two sets of labels") {
  const ScratchDirectory scratch;
  SUBCASE("files") { write_tree(scratch / "cifar-100-binary", files100()); }
  SUBCASE("archive") {
    write_gzip(scratch / "cifar-100-binary.tar.gz", tree_tar(below("cifar-100-binary/", files100())));
  }
  const auto train = open_cifar(scratch.path(), CifarSet::cifar100, Split::train);
  CHECK(train->layout().labels ==
        std::vector{data::LabelSet{.name = "label", .classes = 100}, data::LabelSet{.name = "coarse", .classes = 20}});
  CHECK(reds_of(*train) == Ints{1, 2});
  CHECK(read_first(*train, 0).labels == Ints{99, 19});
  CHECK(read_first(*train, 1).labels == Ints{1, 0});
  CHECK(train->label(0) == 99);
  CHECK(read_first(*open_cifar(scratch.path(), CifarSet::cifar100, Split::test), 0).labels == Ints{3, 2});
}

TEST_CASE("cifar: planes become pixels") {
  std::string file = record("\x01", 0);
  for (std::size_t p = 0; p < 1024; ++p) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      file[1 + channel * 1024 + p] = static_cast<char>(p * (channel + 1) + channel);
    }
  }
  data::CifarImages images;
  data::parse_cifar(std::as_bytes(std::span(file)), CifarSet::cifar10, images);
  REQUIRE(images.pixels.size() == 3072);
  CHECK(images.labels == std::vector<std::int32_t>{1});
  for (std::size_t p = 0; p < 1024; ++p) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      REQUIRE(images.pixels[3 * p + channel] == static_cast<std::uint8_t>(p * (channel + 1) + channel));
    }
  }
}

TEST_CASE("cifar: says what is missing or damaged") {
  const ScratchDirectory scratch;
  CHECK(failure(scratch / "absent") ==
        engine::concat("cifar10: there is no directory or archive ", scratch / "absent"));
  CHECK(failure(scratch.path()) ==
        engine::concat("cifar10: ", scratch.path(),
                       " has neither data_batch_1.bin nor cifar-10-binary.tar.gz; put one of them there (the binary "
                       "version, not that for Python)"));
  write_tree(scratch.path(), files10());
  const auto third = scratch / "data_batch_3.bin";
  write_plain(third, record("\x01", 1).substr(1));
  CHECK(failure(scratch.path()) ==
        engine::concat("cifar10: ", third, " has 3072 bytes, expected a multiple of 3073; fetch it again"));
  write_plain(third, "");
  CHECK(failure(scratch.path()) ==
        engine::concat("cifar10: ", third, " has 0 bytes, expected a multiple of 3073; fetch it again"));
  write_plain(third, record("\x01", 1) + record("\x0a", 1));
  CHECK(failure(scratch.path()) ==
        engine::concat("cifar10: ", third, " has the label 10 at offset 3073, expected 0 to 9; fetch it again"));
  std::filesystem::remove(third);
  CHECK(failure(scratch.path()) ==
        engine::concat("cifar10: ", scratch.path(), " has no data_batch_3.bin; put it there"));

  write_plain(scratch / "train.bin", record("\x13\x64", 1));
  CHECK(failure(scratch.path(), CifarSet::cifar100) ==
        engine::concat("cifar100: ", scratch / "train.bin",
                       " has the label 100 at offset 1, expected 0 to 99; fetch it again"));
  write_plain(scratch / "train.bin", record("\x14\x63", 1));
  CHECK(failure(scratch.path(), CifarSet::cifar100) ==
        engine::concat("cifar100: ", scratch / "train.bin",
                       " has the label 20 at offset 0, expected 0 to 19; fetch it again"));
  const auto python = scratch / "cifar-10-python.tar.gz";
  write_gzip(python, tree_tar({{"cifar-10-batches-py/data_batch_1", "pickle"}}));
  CHECK(failure(python) ==
        engine::concat("cifar10: ", python,
                       " holds no data_batch_1.bin; fetch the binary version, cifar-10-binary.tar.gz"));
  write_gzip(python, tree_tar({{"data_batch_1.bin", "short"}}));
  CHECK(failure(python) ==
        engine::concat("cifar10: ", python,
                       ": data_batch_1.bin has 5 bytes, expected a multiple of 3073; fetch it again"));
}
