#include "data/sources/packed_writer.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/error.h"
#include "tests/data/ramp_source.h"
#include "tests/data/sources/idx_files.h"
#include "tests/data/sources/packed_bytes.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace tests;
using data::PackedFile;
using data::PackedWriter;
using data::Split;

TEST_CASE("packed writer: images of one size give an extent, others none") {
  const ScratchDirectory scratch;
  write_packed(scratch / "one", RampSource(5), RampSource(3));
  CHECK(PackedFile(scratch / "one").split(Split::train).layout.extent == data::Extent{2, 3});
  write_packed(scratch / "many", MixedSource(5), MixedSource(1));
  CHECK_FALSE(PackedFile(scratch / "many").split(Split::train).layout.extent);
  CHECK(PackedFile(scratch / "many").split(Split::test).layout.extent == data::Extent{1, 2});
}

TEST_CASE("packed writer: the fingerprint is the documented SHA-256") {
  const ScratchDirectory scratch;
  write_packed(scratch / "file", MixedSource(5), MixedSource(2));
  engine::Sha256 hash;
  const auto update = [&](std::vector<std::int64_t> numbers) { hash.update(std::as_bytes(std::span(numbers))); };
  update({3});
  for (std::int64_t i = 0; i < 5; ++i) {
    const data::Example example = read_example(MixedSource(5), i);
    update({example.extent.height, example.extent.width});
    hash.update(std::as_bytes(std::span(example.pixels)));
    hash.update(std::as_bytes(std::span(example.labels)));
  }
  update({5});
  CHECK(PackedFile(scratch / "file").split(Split::train).fingerprint == hash.hexadecimal());
}

TEST_CASE("packed writer: a test split that is the training split costs no bytes of images") {
  const ScratchDirectory scratch;
  const std::uint64_t same = write_packed(scratch / "same", RampSource(100), RampSource(100));
  const std::uint64_t other = write_packed(scratch / "other", RampSource(100), MixedSource(100, 1));
  CHECK(same + 90 * 64 < other);
  const PackedFile file(scratch / "same");
  for (std::size_t i = 0; i < 100; ++i)
    CHECK(file.split(Split::train).images[i].offset == file.split(Split::test).images[i].offset);
}

TEST_CASE("packed writer: more than its buffer holds arrives in order") {
  const ScratchDirectory scratch;
  const DrawnSource large(5, {1100, 1000, 1}, 2, [](std::int64_t i, std::uint8_t* pixels) {
    for (std::int64_t k = 0; k < 1100000; ++k) pixels[k] = static_cast<std::uint8_t>(k * (2 * i + 1) >> 3);
  });
  write_packed(scratch / "file", large, large);
  const PackedFile file(scratch / "file");
  data::Example example;
  for (std::int64_t i = 0; i < 5; ++i) {
    file.read(Split::test, i, example);
    CHECK(example.pixels == read_example(large, i).pixels);
  }
}

TEST_CASE("packed writer: without commit, an earlier file stays and nothing is left over") {
  const ScratchDirectory scratch;
  write_plain(scratch / "file", "earlier");
  {
    PackedWriter writer(scratch / "file", {});
    writer.begin(RampSource(1));
    writer.add(read_example(RampSource(1), 0));
    CHECK(std::filesystem::exists(scratch / "file.tmp"));
  }
  CHECK(engine::read_file(scratch / "file") == "earlier");
  CHECK_FALSE(std::filesystem::exists(scratch / "file.tmp"));
}

TEST_CASE("packed writer: what an earlier writer left behind is no obstacle and leaves no traces") {
  const ScratchDirectory scratch;
  write_packed(scratch / "clean", RampSource(2), RampSource(2));
  write_plain(scratch / "file.tmp", std::string(100000, 'x'));
  write_packed(scratch / "file", RampSource(2), RampSource(2));
  CHECK(engine::read_file(scratch / "file") == engine::read_file(scratch / "clean"));
}

TEST_CASE("packed writer: two writers of one file do not mix their bytes") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "file").string();
  {
    const PackedWriter first(path, {});
    CHECK(message_of<engine::Error>([&] { PackedWriter(path, {}); }) ==
          "another process is writing " + path + "; wait for its end, or write to another file");
    CHECK(std::filesystem::exists(path + ".tmp"));
  }
  write_packed(path, RampSource(2), RampSource(2));
}

TEST_CASE("packed writer: a directory that is not there is named") {
  CHECK(message_of<engine::Error>([] { PackedWriter("/nowhere/file", {}); }) ==
        "cannot create /nowhere/file.tmp: No such file or directory");
}
