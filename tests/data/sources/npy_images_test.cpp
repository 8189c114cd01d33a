#include "data/sources/npy_images.h"

#include <doctest/doctest.h>

#include <numeric>
#include <span>

#include "engine/io/npy.h"
#include "kernels/runtime/error.h"
#include "tests/data/drawn_source.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_npy;
using data::Split;
using engine::StoredType;

namespace {

/// A directory of two training images and one test image, 3 x 2 with two channels, which a test can change.
class Images {
 public:
  Images() {
    std::iota(pixels_.begin(), pixels_.end(), std::uint8_t{0});
    write("train_images", StoredType::u8, {2, 3, 2, 2}, std::span<const std::uint8_t>(pixels_));
    write("test_images", StoredType::u8, {1, 3, 2, 2}, std::span<const std::uint8_t>(pixels_).first(12));
    write("train_labels", StoredType::i64, {2}, std::span<const std::int64_t>(labels_));
    write("test_labels", StoredType::u8, {1}, std::span<const std::uint8_t>(&test_label_, 1));
  }
  template <class T>
  void write(const std::string& name, StoredType type, const std::vector<std::int64_t>& shape,
             std::span<const T> values) {
    engine::save_npy(scratch_ / (name + ".npy"), {.type = type, .shape = shape, .bytes = std::as_bytes(values)});
  }
  template <class T, std::size_t kCount>
  void write(const std::string& name, StoredType type, const std::vector<std::int64_t>& shape,
             const T (&values)[kCount]) {
    write(name, type, shape, std::span<const T>(values));
  }
  std::string path(const std::string& name = "") const { return (scratch_ / name).string(); }
  void remove(const std::string& name) { std::filesystem::remove(scratch_ / name); }
  std::string refusal() const {
    return message_of<engine::DataError>([&] { open_npy(scratch_.path(), Split::train); });
  }

 private:
  ScratchDirectory scratch_;
  std::vector<std::uint8_t> pixels_ = std::vector<std::uint8_t>(24);
  std::vector<std::int64_t> labels_{4, 0};
  std::uint8_t test_label_ = 6;
};

}  // namespace

TEST_CASE("npy images: pixels, labels and classes are the files'") {
  const Images images;
  const auto train = open_npy(images.path(), Split::train), test = open_npy(images.path(), Split::test);
  CHECK(train->size() == 2);
  CHECK(image_shape(*train) == engine::Shape{3, 2, 2});
  CHECK(train->layout().labels[0].classes == 7);  // the largest label is in the test set
  CHECK(test->layout().labels[0].classes == 7);
  CHECK(train->label(0) == 4);
  CHECK(test->label(0) == 6);
  std::vector<std::uint8_t> expected(12);
  std::iota(expected.begin(), expected.end(), std::uint8_t{12});
  CHECK(tests::read_example(*train, 1).pixels == expected);
  CHECK(train->describe() == "npy:" + images.path() + " (train, 2 images of 7 classes)");
}

TEST_CASE("npy images: without a dimension of channels, images are grey") {
  Images images;
  const std::uint8_t pixels[12] = {};
  images.write("train_images", StoredType::u8, {2, 2, 3}, pixels);
  CHECK(image_shape(*open_npy(images.path(), Split::train)) == engine::Shape{2, 3, 1});
}

TEST_CASE("npy images: what cannot be images and labels is refused in one sentence") {
  Images images;
  const std::string path = images.path("train_images.npy"), labels = images.path("train_labels.npy");
  SUBCASE("a missing file") {
    images.remove("test_labels.npy");
    CHECK(images.refusal() ==
          "npy: there is no file " + images.path("test_labels.npy") +
              "; expected {train,test}_images.npy, u8 [N,H,W,C], and {train,test}_labels.npy, whole "
              "numbers [N], in the directory");
  }
  SUBCASE("images of numbers that are no bytes") {
    const float pixels[12] = {};
    images.write("train_images", StoredType::f32, {2, 2, 3}, pixels);
    CHECK(images.refusal() == "npy: " + path + " must hold uint8 [N,H,W,C] or [N,H,W], got float32 of rank 3");
  }
  SUBCASE("a single image") {
    const std::uint8_t pixels[12] = {};
    images.write("train_images", StoredType::u8, {4, 3}, pixels);
    CHECK(images.refusal() == "npy: " + path + " must hold uint8 [N,H,W,C] or [N,H,W], got uint8 of rank 2");
  }
  SUBCASE("no pixels") {
    images.write<std::uint8_t>("train_images", StoredType::u8, {2, 0, 3}, std::span<const std::uint8_t>());
    CHECK(images.refusal() == "npy: " + path + " holds no pixels");
  }
  SUBCASE("another number of labels") {
    const std::int32_t numbers[3] = {0, 1, 2};
    images.write("train_labels", StoredType::i32, {3}, numbers);
    CHECK(images.refusal() == "npy: " + path + " holds 2 images, but there are 3 labels; expected as many");
  }
  SUBCASE("labels that are no whole numbers") {
    const float numbers[2] = {};
    images.write("train_labels", StoredType::f32, {2}, numbers);
    CHECK(images.refusal() == "npy: " + labels + " must hold whole numbers [N], got float32 of rank 1");
  }
  SUBCASE("labels out of range") {
    const std::int64_t numbers[2] = {0, -1};
    images.write("train_labels", StoredType::i64, {2}, numbers);
    CHECK(images.refusal() == "npy: " + labels + " has the label -1; labels must be from 0 to 999999");
  }
}
