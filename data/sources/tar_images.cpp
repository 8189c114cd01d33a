#include "data/sources/tar_images.h"

#include <charconv>

#include "data/files/archive_set.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

constexpr std::int32_t kLargestLabel = (1 << 24) - 1;

/// WebDataset: the key goes up to the first dot of the file's own name.
std::string_view key_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return name.substr(0, name.find('.', slash == std::string_view::npos ? 0 : slash));
}

bool has_numbers(const ArchiveSet& set) {
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (set.name(i).ends_with(".cls")) return true;
  }
  return false;
}

std::int32_t read_number(const ArchiveSet& set, std::int64_t file) {
  std::vector<std::byte> buffer;
  const auto bytes = set.read(file, buffer);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  std::int32_t label = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (error != std::errc() || end != text.data() + text.size() || label < 0 || label > kLargestLabel) {
    throw DataError(concat("tar: ", set.locate(file), " must hold a label, a number from 0 to ", kLargestLabel));
  }
  return label;
}

void add_numbers(const ArchiveSet& set, ImageSplit& split) {
  for (const std::uint32_t image : split.images) {
    const auto file = set.find(concat(key_of(set.name(image)), ".cls"), set.part(image));
    if (!file)
      throw DataError(concat("tar: ", set.locate(image), " has no label, but other images have one in a .cls file"));
    split.numbers.push_back(read_number(set, *file));
  }
}

ImageSplits find_images(const std::string& pattern, const TarOptions& options) {
  const auto set = std::make_shared<const ArchiveSet>(pattern);
  if (options.test.empty()) {
    ImageSplits splits = find_splits(set, options.splits, concat("tar: ", pattern));
    if (!options.images.labels || !has_numbers(*set)) return splits;
    add_numbers(*set, splits.train);
    add_numbers(*set, splits.test);
    return splits;
  }
  const auto test = std::make_shared<const ArchiveSet>(options.test);
  ImageSplits splits{.train = all_images(set, "train", concat("tar: ", pattern)),
                     .test = all_images(test, "test", concat("tar: ", options.test))};
  if (options.images.labels && (has_numbers(*set) || has_numbers(*test))) {
    add_numbers(*set, splits.train);
    add_numbers(*test, splits.test);
  }
  return splits;
}

}  // namespace

std::unique_ptr<Source> open_tar(const std::string& pattern, Split split, const TarOptions& options) {
  return std::make_unique<ImageFiles>("tar", pattern, find_images(pattern, options), split, options.images);
}

}  // namespace data
