#include "apps/kmeans/masks.h"

#include <algorithm>

#include "data/image/decode.h"
#include "engine/io/mapped_file.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

using engine::concat;
using engine::DataError;

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t side : shape) text += concat(text.empty() ? "" : ",", side);
  return concat("[", text, "]");
}

}  // namespace

Masks::Masks(const fs::path& path, const data::Source& source) : source_(source), path_(path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    if (source.file_name(0).empty())
      throw DataError(concat("--masks ", path.string(), ": the images of ", source.describe(),
                             " are no files with names; give their masks as a .npy file [images,H,W]"));
    return;
  }
  if (!fs::exists(path, error))
    throw DataError(concat("--masks ", path.string(), ": there is no such directory or file"));
  array_ = std::make_unique<engine::NpyFile>(path);
  const auto& [type, shape, bytes] = array_->array();
  if (engine::is_floating_point(type) || shape.size() != 3 || shape[0] != source.size() || shape[1] < 1 || shape[2] < 1)
    throw DataError(concat("--masks ", path.string(), ": expected whole numbers of shape [", source.size(),
                           ",H,W], a mask for each image of ", source.describe(), ", got ", engine::numpy_name(type),
                           " ", shape_text(shape)));
}

Masks::Mask Masks::from_array(std::int64_t example) const {
  const auto& [type, shape, bytes] = array_->array();
  const auto pixels = static_cast<std::size_t>(shape[1] * shape[2]);
  Mask mask{.name = concat("mask ", example, " of ", path_.string()),
            .extent = {shape[1], shape[2]},
            .regions = std::vector<std::int64_t>(pixels)};
  const std::size_t size = pixels * engine::size_of(type);
  engine::to_whole_numbers(type, bytes.subspan(static_cast<std::size_t>(example) * size, size), mask.regions);
  return mask;
}

Masks::Mask Masks::from_file(std::int64_t example) const {
  const fs::path name = fs::path(source_.file_name(example)).replace_extension(".png");
  fs::path file = path_ / name;
  if (!fs::exists(file)) file = path_ / name.filename();
  if (!fs::exists(file)) {
    throw DataError(concat("--masks ", path_.string(), ": there is no ", name.string(), " for the image ",
                           source_.file_name(example)));
  }
  constexpr int kChannels = 3;  // a palette's entries differ in colour
  data::Example image;
  try {
    const engine::MappedFile mapped(file);
    data::ImageDecoder().decode(mapped.bytes(), {}, kChannels, image);
  } catch (const DataError& reason) { throw DataError(concat("cannot decode ", file.string(), ": ", reason.what())); }
  Mask mask{.name = file.string(), .extent = image.extent, .regions = {}};
  for (std::size_t i = 0; i < image.pixels.size(); i += kChannels) {
    mask.regions.push_back(std::int64_t{image.pixels[i]} << 16 | std::int64_t{image.pixels[i + 1]} << 8 |
                           std::int64_t{image.pixels[i + 2]});
  }
  return mask;
}

std::vector<std::int64_t> Masks::at(std::int64_t example, const SeenPart& seen, const data::Extent& grid) const {
  const Mask mask = array_ ? from_array(example) : from_file(example);
  const auto& [image, box] = seen;
  if (mask.extent.height * image.width != mask.extent.width * image.height) {
    throw DataError(concat(mask.name, " is ", mask.extent.height, " x ", mask.extent.width, ", and its image ",
                           image.height, " x ", image.width, "; a mask must have the shape of its image"));
  }
  // The pixel of the mask at the middle of cell i of n, along one side.
  const auto middle = [](std::int64_t i, std::int64_t n, std::int64_t begin, std::int64_t length, std::int64_t side,
                         std::int64_t pixels) {
    return std::min((2 * n * begin + (2 * i + 1) * length) * pixels / (2 * n * side), pixels - 1);
  };
  std::vector<std::int64_t> regions;
  for (std::int64_t i = 0; i < grid.height; ++i) {
    const std::int64_t y = middle(i, grid.height, box.y, box.height, image.height, mask.extent.height);
    for (std::int64_t j = 0; j < grid.width; ++j) {
      const std::int64_t x = middle(j, grid.width, box.x, box.width, image.width, mask.extent.width);
      regions.push_back(mask.regions[static_cast<std::size_t>(y * mask.extent.width + x)]);
    }
  }
  return regions;
}

}  // namespace apps
