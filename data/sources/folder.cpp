#include "data/sources/folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "data/files/directory_set.h"
#include "data/files/file_list.h"
#include "data/image/decode.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr std::int32_t kLargestLabel = (1 << 24) - 1;

struct Line {
  std::string_view path;
  std::optional<std::int32_t> label;
};

/// A last word of digits is the label: no image is named so.
Line parse_line(std::string_view line, const std::string& at) {
  const std::size_t blank = line.find_last_of(" \t");
  if (blank == std::string_view::npos) return {.path = line, .label = {}};
  const std::string_view word = line.substr(blank + 1);
  const bool number = !word.empty() && word.find_first_not_of("-0123456789") == std::string_view::npos;
  if (!number) return {.path = line, .label = {}};
  std::int32_t label = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), label);
  if (error != std::errc() || end != word.data() + word.size() || label < 0 || label > kLargestLabel) {
    throw DataError(concat(at, " has the label ", word, ", expected a number from 0 to ", kLargestLabel));
  }
  std::string_view path = line.substr(0, blank);
  while (path.ends_with(' ') || path.ends_with('\t')) path.remove_suffix(1);
  return {.path = path, .label = label};
}

std::string read_list(const fs::path& list) {
  try {
    return engine::read_file(list);
  } catch (const engine::Error& error) { throw DataError(concat("folder: ", error.what())); }
}

ImageSplit listed_images(const fs::path& directory, const fs::path& list) {
  const std::string text = read_list(list);
  FileList files;
  std::vector<std::int32_t> numbers;
  std::size_t count = 0;  // of lines
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string at = concat("folder: line ", ++count, " of ", list);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const Line parsed = parse_line(line, at);
    if (!is_image_name(parsed.path)) {
      throw DataError(concat(at, " has no image (.jpg, .jpeg, .png), expected a path and, if there is one, a label"));
    }
    struct stat status {};
    const fs::path path = directory / parsed.path;
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      throw DataError(concat(at, ": there is no file ", path));
    files.add(parsed.path, static_cast<std::uint64_t>(status.st_size));
    if (parsed.label) numbers.push_back(*parsed.label);
    if (!numbers.empty() && numbers.size() != static_cast<std::size_t>(files.size())) {
      throw DataError(concat(
          at, parsed.label ? " has a label, but earlier lines have none" : " has no label, but earlier lines have one",
          "; give all images labels or none"));
    }
  }
  ImageSplit split = all_images(std::make_shared<DirectorySet>(directory, std::move(files)), list.string(),
                                concat("folder: ", list.string()));
  split.numbers = std::move(numbers);
  split.listed = true;
  return split;
}

ImageSplits find_images(const fs::path& directory, const FolderOptions& options) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) {
    throw DataError(concat("folder: there is no directory ", directory, "; give the one that the images lie in"));
  }
  ImageSplits splits;
  if (options.train_list.empty() || options.test_list.empty()) {
    FileList files;
    try {
      files = list_files(directory);
    } catch (const DataError& error) { throw DataError(concat("folder: ", error.what())); }
    splits = find_splits(std::make_shared<DirectorySet>(directory, std::move(files)), options.splits,
                         concat("folder: ", directory.string()));
  }
  if (splits.alike && !options.test_list.empty()) {
    throw DataError(
        concat("folder: ", directory, " has no training split beside the test_list; give a train_list, too"));
  }
  if (!options.train_list.empty()) splits.train = listed_images(directory, options.train_list);
  if (!options.test_list.empty()) splits.test = listed_images(directory, options.test_list);
  if (splits.alike) splits.test = splits.train;
  return splits;
}

}  // namespace

std::unique_ptr<Source> open_folder(const fs::path& directory, Split split, const FolderOptions& options) {
  return std::make_unique<ImageFiles>("folder", directory.string(), find_images(directory, options), split,
                                      options.images);
}

}  // namespace data
