#include "data/sources/mnist.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>

#include "kernels/runtime/error.h"
#include "tests/data/drawn_source.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_mnist;
using data::Split;

namespace {

std::string failure(const std::filesystem::path& directory, Split split) {
  return message_of<engine::DataError>([&] { open_mnist(directory, split); });
}

}  // namespace

TEST_CASE("mnist: reads both splits, plain and packed") {
  const ScratchDirectory scratch;
  write_plain(scratch / "train-images-idx3-ubyte", idx_bytes(0x803, {2, 1, 3}, "abcdef"));
  write_gzip(scratch / "train-labels-idx1-ubyte.gz", idx_bytes(0x801, {2}, "\x09\x03"));
  write_plain(scratch / "t10k-images-idx3-ubyte", idx_bytes(0x803, {1, 1, 3}, "xyz"));
  write_plain(scratch / "t10k-labels-idx1-ubyte", idx_bytes(0x801, {1}, "\x04"));
  const auto train = open_mnist(scratch.path(), Split::train), test = open_mnist(scratch.path(), Split::test);
  CHECK(train->size() == 2);
  CHECK(test->size() == 1);
  CHECK(image_shape(*train) == engine::Shape{1, 3, 1});
  CHECK(train->layout().labels[0].classes == 10);
  CHECK(train->label(0) == 9);
  CHECK(train->label(1) == 3);
  CHECK(test->label(0) == 4);
  CHECK(train->layout().bit_planes == 0);
  const std::vector<std::uint8_t> pixels = tests::read_example(*train, 1).pixels;
  const std::string image(pixels.begin(), pixels.end());
  CHECK(image == "def");
  CHECK(test->describe() == "mnist:" + scratch.path().string() + " (test, 1 images)");
}

TEST_CASE("mnist: other spellings of the names") {
  const ScratchDirectory scratch;
  const std::string images = idx_bytes(0x803, {1, 1, 3}, "abc"), labels = idx_bytes(0x801, {1}, "\x04");
  const auto check = [&] {
    CHECK(open_mnist(scratch.path(), Split::train)->label(0) == 4);
    CHECK(image_shape(*open_mnist(scratch.path(), Split::test)) == engine::Shape{1, 3, 1});
  };
  SUBCASE("dots") {
    write_plain(scratch / "train-images.idx3-ubyte", images);
    write_gzip(scratch / "train-labels.idx1-ubyte.gz", labels);
    write_gzip(scratch / "t10k-images.idx3-ubyte.gz", images);
    write_plain(scratch / "t10k-labels.idx1-ubyte", labels);
    check();
  }
  SUBCASE("EMNIST's") {
    write_gzip(scratch / "emnist-letters-train-images-idx3-ubyte.gz", images);
    write_gzip(scratch / "emnist-letters-train-labels-idx1-ubyte.gz", labels);
    write_gzip(scratch / "emnist-letters-test-images-idx3-ubyte.gz", images);
    write_gzip(scratch / "emnist-letters-test-labels-idx1-ubyte.gz", labels);
    check();
  }
  SUBCASE("MNIST's own before others, and plain before packed") {
    const std::string wrong = idx_bytes(0x803, {1, 2, 2}, "abcd");
    for (const std::string split : {"train", "t10k"}) {
      write_plain(scratch / (split + "-images-idx3-ubyte"), images);
      write_gzip(scratch / (split + "-images-idx3-ubyte.gz"), wrong);
      write_plain(scratch / (split + "-images.idx3-ubyte"), wrong);
      write_plain(scratch / ("kmnist-" + split + "-images-idx3-ubyte"), wrong);
      write_plain(scratch / (split + "-labels-idx1-ubyte"), labels);
    }
    check();
  }
}

TEST_CASE("mnist: both splits have as many classes as the largest label of either asks for, ten at least") {
  const ScratchDirectory scratch;
  const auto write = [&](const std::string& split, const std::string& labels) {
    const auto count = static_cast<std::uint32_t>(labels.size());
    write_plain(scratch / (split + "-images-idx3-ubyte"), idx_bytes(0x803, {count, 1, 1}, std::string(count, 'x')));
    write_plain(scratch / (split + "-labels-idx1-ubyte"), idx_bytes(0x801, {count}, labels));
  };
  const auto classes = [&](const std::string& train, const std::string& test) {
    write("train", train);
    write("t10k", test);
    const int both = open_mnist(scratch.path(), Split::train)->layout().labels[0].classes;
    CHECK(open_mnist(scratch.path(), Split::test)->layout().labels[0].classes == both);
    return both;
  };
  CHECK(classes("\x01", "\x02") == 10);
  CHECK(classes("\x09", "\x0a") == 11);
  CHECK(classes("\x01\x1a", "\x19") == 27);
  CHECK(classes("\xff", "\x01") == 256);
  CHECK(open_mnist(scratch.path(), Split::test)->describe() ==
        "mnist:" + scratch.path().string() + " (test, 1 images of 256 classes)");
}

TEST_CASE("mnist: says what is missing or does not fit together") {
  const ScratchDirectory scratch;
  const std::string quoted = engine::concat(scratch.path());  // a path prints in quotes
  const auto images = scratch / "train-images-idx3-ubyte", labels = scratch / "train-labels-idx1-ubyte";
  SUBCASE("no directory") {
    CHECK(failure(scratch / "absent", Split::train) ==
          engine::concat("mnist: there is no directory ", scratch / "absent",
                         "; give the one that holds train-images-idx3-ubyte (plain or .gz) and its companions"));
  }
  SUBCASE("no images") {
    CHECK(failure(scratch.path(), Split::test) ==
          "mnist: " + quoted +
              " has neither t10k-images-idx3-ubyte nor t10k-images-idx3-ubyte.gz; put one of them there");
  }
  SUBCASE("no labels") {
    write_plain(images, idx_bytes(0x803, {1, 1, 1}, "a"));
    CHECK(failure(scratch.path(), Split::train) ==
          "mnist: " + quoted +
              " has neither train-labels-idx1-ubyte nor train-labels-idx1-ubyte.gz; put one of them there");
  }
  SUBCASE("more labels than images") {
    write_plain(images, idx_bytes(0x803, {1, 1, 1}, "a"));
    write_plain(labels, idx_bytes(0x801, {2}, std::string(2, '\0')));
    CHECK(failure(scratch.path(), Split::train) ==
          engine::concat("mnist: ", images, " holds 1 images, but ", labels, " holds 2 labels; expected as many"));
  }
  SUBCASE("several data sets") {
    for (const char* name : {"emnist-letters-test-images-idx3-ubyte", "emnist-digits-test-images-idx3-ubyte.gz"})
      write_plain(scratch / name, "");
    CHECK(failure(scratch.path(), Split::test) ==
          "mnist: " + quoted +
              " holds several data sets, such as emnist-digits- and emnist-letters-; give a directory with the files "
              "of one");
  }
  SUBCASE("images of another data set than labels") {
    write_plain(scratch / "emnist-letters-train-images-idx3-ubyte", idx_bytes(0x803, {1, 1, 1}, "a"));
    write_plain(scratch / "emnist-digits-train-labels-idx1-ubyte", idx_bytes(0x801, {1}, "\x01"));
    CHECK(failure(scratch.path(), Split::train) ==
          "mnist: " + quoted +
              " has neither emnist-letters-train-labels-idx1-ubyte nor emnist-letters-train-labels-idx1-ubyte.gz; put "
              "one of them there");
  }
  SUBCASE("damaged labels of the other split") {
    write_plain(images, idx_bytes(0x803, {1, 1, 1}, "a"));
    write_plain(labels, idx_bytes(0x801, {1}, "\x01"));
    write_plain(scratch / "t10k-labels-idx1-ubyte", "");
    CHECK(failure(scratch.path(), Split::train).starts_with("idx: "));
  }
  SUBCASE("images without pixels") {
    write_plain(images, idx_bytes(0x803, {2, 0, 1}, ""));
    write_plain(labels, idx_bytes(0x801, {2}, "\x01\x01"));
    CHECK(failure(scratch.path(), Split::train) == engine::concat("mnist: ", images, " holds no pixels"));
  }
}

TEST_CASE("mnist: the real thing") {
  const char* root = std::getenv("ANTIPODE_DATA");
  const std::filesystem::path directory = std::filesystem::path(root != nullptr ? root : "") / "mnist";
  if (root == nullptr || !is_directory(directory)) {
    MESSAGE("[skipped] set ANTIPODE_DATA to a directory with mnist/ in it");
    return;
  }
  const auto train = open_mnist(directory, Split::train), test = open_mnist(directory, Split::test);
  CHECK(train->size() == 60000);
  CHECK(test->size() == 10000);
  CHECK(image_shape(*train) == engine::Shape{28, 28, 1});
  int counts[10] = {};
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < train->size(); ++i) {
    ++counts[*train->label(i)];
    const std::vector<std::uint8_t> image = tests::read_example(*train, i).pixels;
    sum = std::accumulate(image.begin(), image.end(), sum);
  }
  const int published[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  for (int digit = 0; digit < 10; ++digit) CHECK(counts[digit] == published[digit]);
  CHECK(static_cast<double>(sum) / (60000.0 * 784 * 255) == doctest::Approx(0.1307).epsilon(0.0005));  // the known mean
  const int first[5] = {5, 0, 4, 1, 9};
  for (int i = 0; i < 5; ++i) CHECK(train->label(i) == first[i]);
}
