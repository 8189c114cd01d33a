#include "data/sources/packed_file.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/data/sources/packed_bytes.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace tests;
using data::PackedFile;
using data::PackedHeader;
using data::Split;

namespace {

/// A packed file that a test can change, and what is said when it is opened.
class Bytes {
 public:
  Bytes() {
    write_packed(path(), MixedSource(9), MixedSource(4, 3, 100));
    bytes = engine::read_file(path());
    header = header_of(bytes);
  }
  std::filesystem::path path() const { return scratch_ / "mixed.pack"; }
  PackedFile open(const std::string& changed) const {
    write_plain(path(), changed);
    return PackedFile(path());
  }
  /// What is wrong with the file.
  std::string complaint(const std::string& changed) const {
    const std::string message = message_of<engine::DataError>([&] { open(changed); });
    const std::string begin = "packed: cannot read " + path().string() + ": ";
    REQUIRE(message.starts_with(begin));
    return message.substr(begin.size());
  }
  /// The same where a text in the catalogue is replaced, where it stands last, by another of its length, with checksums
  /// that fit.
  std::string complaint(const std::string& text, const std::string& other) const {
    REQUIRE(text.size() == other.size());
    std::string changed = bytes;
    const auto found = changed.rfind(text);
    REQUIRE(found != changed.npos);
    return complaint(sealed(changed.replace(found, text.size(), other), header));
  }

  std::string bytes;
  PackedHeader header;

 private:
  ScratchDirectory scratch_;
};

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] ^= 16;
  return bytes;
}

}  // namespace

TEST_CASE("packed file: images lie at multiples of 64 bytes, behind the header and before the catalogue") {
  const Bytes file;
  const PackedFile opened(file.path());
  CHECK(file.header.file_bytes == file.bytes.size());
  for (const Split split : {Split::train, Split::test}) {
    for (const data::PackedImage& image : opened.split(split).images) {
      CHECK(image.offset % 64 == 0);
      CHECK(image.offset >= 64);
      CHECK(image.offset + static_cast<std::uint64_t>(image.extent().pixels()) * 3 <= file.header.catalogue_offset);
    }
  }
  CHECK(opened.split(Split::train).source == "mixed");
}

TEST_CASE("packed file: a flipped bit anywhere is found, by the one who opens the file or reads the image") {
  const Bytes file;
  const PackedFile whole(file.path());
  std::size_t in_images = 0, between = 0;
  for (std::size_t at = 0; at < file.bytes.size(); ++at) {
    const bool is_image_byte = [&] {
      for (const Split split : {Split::train, Split::test})
        for (const data::PackedImage& image : whole.split(split).images)
          if (at >= image.offset && at < image.offset + static_cast<std::uint64_t>(image.extent().pixels()) * 3)
            return true;
      return false;
    }();
    const bool is_zero_between = !is_image_byte && at >= sizeof(PackedHeader) && at < file.header.catalogue_offset;
    if (is_zero_between) {
      ++between;
      continue;
    }
    const auto read_all = [&] {
      const PackedFile opened = file.open(flipped(file.bytes, at));
      data::Example example;
      for (const Split split : {Split::train, Split::test})
        for (std::size_t i = 0; i < opened.split(split).images.size(); ++i)
          opened.read(split, static_cast<std::int64_t>(i), example);
    };
    in_images += is_image_byte;
    CHECK_THROWS_AS(read_all(), engine::DataError);
  }
  CHECK(in_images > 300);
  CHECK(between > 0);
}

TEST_CASE("packed file: a damaged image is named with its place, and the others are read") {
  const Bytes file;
  const std::uint64_t offset = PackedFile(file.path()).split(Split::test).images[2].offset;
  const PackedFile opened = file.open(flipped(file.bytes, offset + 5));
  data::Example example;
  opened.read(Split::test, 1, example);
  CHECK(message_of<engine::DataError>([&] { opened.read(Split::test, 2, example); }) ==
        engine::concat("packed: ", file.path().string(), ": image 2 of the test split, at offset ", offset,
                       ", is damaged: its bytes do not have its checksum; copy or pack the file again"));
}

TEST_CASE("packed file: what is wrong, where, and what to do") {
  const Bytes file;
  const auto with = [&](auto change) {
    PackedHeader header = file.header;
    change(header);
    return file.complaint(sealed(file.bytes, header));
  };
  const std::string size = std::to_string(file.bytes.size()), again = "; copy or pack it again";
  CHECK(file.complaint("") == "it has only 0 bytes, fewer than the header of a packed file" + again);
  CHECK(file.complaint(std::string(100, 'x')) ==
        "it does not begin with ANTIPACK and so is no packed file; make one with `pack`");
  CHECK(file.complaint(file.bytes.substr(0, 500)) ==
        "it was cut off at offset 500 of the " + size + " bytes it had" + again);
  CHECK(file.complaint(file.bytes + "abc") == "it has 3 bytes too many, from offset " + size + again);
  CHECK(with([](PackedHeader& header) { header.version = 2; }) ==
        "it has version 2 of the format, and this program reads version 1; pack it again");
  CHECK(with([](PackedHeader& header) { header.byte_order = 0x04030201; }) ==
        "at offset 8, its numbers do not have the byte order of this machine; pack it again here");
  CHECK(with([](PackedHeader& header) { header.catalogue_offset += 64; }) ==
        "its header, at offset 0, places the catalogue outside the file" + again);
  CHECK(file.complaint(flipped(file.bytes, 40)) == "its header, at offset 0, is damaged" + again);
  CHECK(file.complaint(flipped(file.bytes, file.bytes.size() - 1)) ==
        engine::concat("its catalogue, from offset ", file.header.catalogue_offset, " to the end, is damaged", again));
}

TEST_CASE("packed file: a catalogue that contradicts itself or the file is refused") {
  const Bytes file;
  const auto contains = [](const std::string& text, const std::string& part) {
    CHECK_MESSAGE(text.find(part) != text.npos, text);
  };
  contains(file.complaint("\"channels\":3", "\"channels\":0"), "does not give 'channels' as a whole number from 1 to");
  contains(file.complaint("\"channels\":3", "\"channels\":9"), "outside the file");
  contains(file.complaint("\"images\":9", "\"images\":8"), "which is no class");
  contains(file.complaint("\"images\":4", "\"images\":9"), "ends within its index");
  contains(file.complaint("\"images\":4", "\"images\":3"), "gives image");
  contains(file.complaint("\"extent\":null", "\"extent\":[88]"), "is not what `pack` writes");
  contains(file.complaint("\"classes\":5", "\"classes\":3"), "gives image 3 the label 3, which is no class");
  contains(file.complaint("\"splits\"", "\"splats\""), "is not what `pack` writes");
  contains(file.complaint("{\"source\":\"mixed:\"", "[\"source\":\"mixed:\""), "is not what `pack` writes");
}

TEST_CASE("packed file: a file that is cut while it is open is an error, and one that is replaced stays readable") {
  const Bytes file;
  const PackedFile opened(file.path());
  std::filesystem::rename(file.path(), file.path().string() + ".old");
  write_plain(file.path(), "something else");
  data::Example example;
  opened.read(Split::train, 8, example);
  std::filesystem::resize_file(file.path().string() + ".old", 0);
  const std::string message =
      "packed: " + file.path().string() + " was cut off at offset 0 since it was opened; copy or pack it again";
  CHECK(message_of<engine::DataError>([&] { opened.read(Split::train, 8, example); }) == message);
  CHECK(message_of<engine::DataError>([&] { opened.labels(Split::test, 3); }) == message);
}

TEST_CASE("packed file: one that is not there is an error of the data") {
  CHECK(message_of<engine::DataError>([] { PackedFile("/nowhere/x.pack"); }) ==
        "packed: cannot open /nowhere/x.pack: No such file or directory");
}
