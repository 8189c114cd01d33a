#include "apps/kmeans/masks.h"

#include <doctest/doctest.h>

#include <span>

#include "data/sources/folder.h"
#include "kernels/runtime/error.h"
#include "tests/apps/memory_source.h"
#include "tests/data/sources/image_tree.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::Masks;

namespace {

using Regions = std::vector<std::int64_t>;

/// A mask whose left part is 1 and whose right part is 2, as a grey PNG file.
std::string halves(const data::Extent& extent, std::int64_t left) {
  std::vector<std::uint8_t> rows;
  for (std::int64_t i = 0; i < extent.pixels(); ++i) rows.push_back(i % extent.width < left ? 1 : 2);
  return png_bytes({.extent = extent}, rows);
}

template <class T>
void write_array(const std::filesystem::path& path, const std::vector<std::int64_t>& shape,
                 const std::vector<T>& values, engine::StoredType type) {
  engine::save_npy(path, {.type = type, .shape = shape, .bytes = std::as_bytes(std::span(values))});
}

std::string refusal(const std::filesystem::path& path, const data::Source& source) {
  return message_of<engine::DataError>([&] { const Masks masks(path, source); });
}

}  // namespace

TEST_CASE("masks: PNG files of the images' names, beside each other or in the same folders, any colours") {
  const ScratchDirectory scratch;
  write_tree(scratch.path(), {{"data/cat/1.png", red_png(1, {8, 16})},
                              {"data/dog/2.png", red_png(2, {8, 16})},
                              {"masks/cat/1.png", halves({8, 16}, 4)},
                              {"masks/2.png", red_png(9, {4, 8})}});
  const auto source = data::open_folder(scratch / "data", data::Split::test, {});
  CHECK(source->file_name(1) == "dog/2.png");
  const Masks masks(scratch / "masks", *source);
  const apps::SeenPart whole{.image = {8, 16}, .box = {0, 0, 8, 16}};
  const Regions first = masks.at(0, whole, {1, 4});
  CHECK(first[0] != first[1]);
  CHECK(Regions(first.begin() + 1, first.end()) == Regions(3, first[1]));
  CHECK(masks.at(1, whole, {2, 3}) == Regions(6, 9 << 16 | 1 << 8 | 2));  // half as large as its image
  // What a view of the middle shows: columns 4 to 12, all of them in the right part.
  CHECK(masks.at(0, {.image = {8, 16}, .box = {0, 4, 8, 8}}, {2, 2}) == Regions(4, first[1]));
  CHECK(masks.at(0, {.image = {8, 16}, .box = {0, 2, 8, 8}}, {1, 4}) ==
        Regions{first[0], first[1], first[1], first[1]});
}

TEST_CASE("masks: an array of whole numbers, at the middles of the cells") {
  const ScratchDirectory scratch;
  const tests::MemorySource source(2);
  std::vector<std::int16_t> values(2 * 4 * 4);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int16_t>(i);
  write_array(scratch / "m.npy", {2, 4, 4}, values, engine::StoredType::i16);
  const Masks masks(scratch / "m.npy", source);
  const apps::SeenPart whole{.image = {28, 28}, .box = {0, 0, 28, 28}};
  CHECK(masks.at(1, whole, {4, 4})[5] == 21);
  CHECK(masks.at(0, whole, {2, 2}) == Regions{5, 7, 13, 15});  // a middle between pixels belongs to the later one
  CHECK(masks.at(0, whole, {1, 8}) == Regions{8, 8, 9, 9, 10, 10, 11, 11});
}

TEST_CASE("masks: what does not fit is refused in one sentence") {
  const ScratchDirectory scratch;
  const tests::MemorySource source(2);
  const std::string where = "--masks " + scratch.path().string();
  CHECK(refusal(scratch / "none", source) == where + "/none: there is no such directory or file");
  CHECK(refusal(scratch.path(), source) ==
        where + ": the images of test images are no files with names; give their masks as a .npy file [images,H,W]");
  const std::string expected = ": expected whole numbers of shape [2,H,W], a mask for each image of test images, got ";
  write_array(scratch / "f.npy", {2, 2, 2}, std::vector<float>(8), engine::StoredType::f32);
  CHECK(refusal(scratch / "f.npy", source) == where + "/f.npy" + expected + "float32 [2,2,2]");
  write_array(scratch / "n.npy", {1, 2, 2}, std::vector<std::uint8_t>(4), engine::StoredType::u8);
  CHECK(refusal(scratch / "n.npy", source) == where + "/n.npy" + expected + "uint8 [1,2,2]");

  write_array(scratch / "wide.npy", {2, 2, 3}, std::vector<std::uint8_t>(12), engine::StoredType::u8);
  const Masks wide(scratch / "wide.npy", source);
  CHECK(message_of<engine::DataError>([&] {
          static_cast<void>(wide.at(1, {.image = {28, 28}, .box = {0, 0, 28, 28}}, {2, 2}));
        }) == "mask 1 of " + (scratch / "wide.npy").string() +
                  " is 2 x 3, and its image 28 x 28; a mask must have the shape of its image");

  write_tree(scratch / "data", {{"cat/1.png", red_png(1)}});
  write_tree(scratch / "masks", {{"cat/2.png", red_png(1)}});
  const auto folder = data::open_folder(scratch / "data", data::Split::test, {});
  const Masks missing(scratch / "masks", *folder);
  CHECK(message_of<engine::DataError>([&] {
          static_cast<void>(missing.at(0, {.image = {2, 3}, .box = {0, 0, 2, 3}}, {1, 1}));
        }) == where + "/masks: there is no cat/1.png for the image cat/1.png");
  write_plain(scratch / "masks/1.png", "no image");
  CHECK(message_of<engine::DataError>([&] {
          static_cast<void>(missing.at(0, {.image = {2, 3}, .box = {0, 0, 2, 3}}, {1, 1}));
        }).starts_with("cannot decode " + (scratch / "masks/1.png").string() + ": "));
}
