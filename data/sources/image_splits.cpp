#include "data/sources/image_splits.h"

#include <algorithm>
#include <set>

#include "data/image/decode.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

using Names = std::set<std::string_view>;

/// Up to and with the first slash; empty for a file that lies in no directory.
std::string_view top_of(std::string_view name) { return name.substr(0, name.find('/') + 1); }

ImageSplit below(const ImageSplit& all, std::string name, const std::string& where) {
  while (name.ends_with('/')) name.pop_back();
  ImageSplit split{.name = name, .files = all.files, .images = {}, .root = all.root + name + '/', .numbers = {}};
  for (const std::uint32_t image : all.images) {
    if (all.files->name(image).starts_with(split.root)) split.images.push_back(image);
  }
  if (split.images.empty()) throw DataError(concat(where, " has no images (.jpg, .jpeg, .png) in ", split.root));
  return split;
}

/// "a, b, c and 12 more"
std::string some_of(const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += concat(i > 0 ? ", " : "", names[i]);
  return names.size() > kMost ? concat(text, " and ", names.size() - kMost, " more") : text;
}

/// Empty where no image lies in a directory. `names` are those of the classes.
Names class_names(const ImageSplit& split, const std::string& where) {
  Names classes;
  std::string_view last, loose;  // images of a class mostly follow each other
  for (std::size_t i = 0; i < split.images.size(); ++i) {
    const std::string_view image = split.image_name(i), top = top_of(image);
    if (top.empty()) loose = image;
    if (top.empty() || top == last) continue;
    classes.insert(top);
    last = top;
  }
  if (!loose.empty() && !classes.empty()) {
    throw DataError(concat(where, " has images in directories, which are classes, but also ", split.root, loose,
                           ", which is in none; move it into one, or give labels=off"));
  }
  return classes;
}

void expect_no_more(const Names& classes, const Names& other, const ImageSplit& split, const std::string& where) {
  std::vector<std::string_view> missing;
  std::ranges::set_difference(classes, other, std::back_inserter(missing));
  for (std::string_view& name : missing) name.remove_suffix(1);
  if (missing.empty()) return;
  throw DataError(concat(where, " has classes of which ", split.name, " has no images: ", some_of(missing),
                         "; both splits must have the same classes"));
}

std::vector<std::int32_t> labels_of(const ImageSplit& split, const Names& classes) {
  const std::vector<std::string_view> sorted(classes.begin(), classes.end());
  std::vector<std::int32_t> labels;
  labels.reserve(split.images.size());
  std::string_view last;
  for (std::size_t i = 0; i < split.images.size(); ++i) {
    const std::string_view top = top_of(split.image_name(i));
    const bool same = i > 0 && top == last;
    const auto found = std::ranges::lower_bound(sorted, top);
    labels.push_back(same ? labels.back() : static_cast<std::int32_t>(found - sorted.begin()));
    last = top;
  }
  return labels;
}

[[noreturn]] void fail_unlabelled(const ImageSplit& with, const ImageSplit& without, const std::string& where) {
  throw DataError(concat(where, ": ", with.name, " has labels, but ", without.name,
                         " has none; sort its images into directories of classes, list them with their labels, or give "
                         "labels=off"));
}

ImageLabels by_numbers(const ImageSplits& splits, const std::string& where) {
  const ImageSplit &train = splits.train, &test = splits.test;
  if (train.numbers.empty() || test.numbers.empty()) {
    throw DataError(concat(where, ": the labels of ", train.numbers.empty() ? test.name : train.name,
                           " are numbers, those of ", train.numbers.empty() ? train.name : test.name,
                           " are not; give both as numbers or neither"));
  }
  const int most = std::max(std::ranges::max(train.numbers), std::ranges::max(test.numbers));
  return {.classes = most + 1, .train = train.numbers, .test = test.numbers};
}

}  // namespace

ImageSplit all_images(std::shared_ptr<const FileSet> files, const std::string& name, const std::string& where) {
  ImageSplit all{.name = name, .files = std::move(files), .images = {}, .root = "", .numbers = {}};
  for (std::int64_t i = 0; i < all.files->size(); ++i) {
    if (is_image_name(all.files->name(i))) all.images.push_back(static_cast<std::uint32_t>(i));
  }
  if (all.images.empty()) throw DataError(concat(where, " has no images (.jpg, .jpeg, .png)"));
  while (true) {
    const std::string_view top = top_of(all.image_name(0));
    const auto within = [&](std::uint32_t image) {
      const std::string_view rest = all.files->name(image).substr(all.root.size());
      return rest.starts_with(top) && rest.find('/', top.size()) != std::string_view::npos;
    };
    if (top.empty() || !std::ranges::all_of(all.images, within)) return all;
    all.root += top;
  }
}

ImageSplits find_splits(std::shared_ptr<const FileSet> files, const SplitNames& names, const std::string& where) {
  const ImageSplit all = all_images(std::move(files), "train", where);
  if (!names.train.empty() || !names.test.empty()) {
    // What the user names is below the directory itself.
    const ImageSplit whole{.name = "train", .files = all.files, .images = all.images, .root = "", .numbers = {}};
    if (names.train.empty() || names.test.empty()) {
      throw DataError(concat(where, ": give the directories of both splits, train= and test="));
    }
    return {.train = below(whole, names.train, where), .test = below(whole, names.test, where)};
  }
  Names tops;
  for (std::size_t i = 0; i < all.images.size(); ++i) tops.insert(top_of(all.image_name(i)));
  const bool val = tops.contains("val/");
  if (!tops.contains("train/") || !(val || tops.contains("test/"))) return {.train = all, .test = all, .alike = true};
  return {.train = below(all, "train", where), .test = below(all, val ? "val" : "test", where)};
}

ImageLabels label_images(const ImageSplits& splits, const std::string& where) {
  const ImageSplit &train = splits.train, &test = splits.test;
  if (!train.numbers.empty() || !test.numbers.empty()) return by_numbers(splits, where);
  Names of_train = class_names(train, where), of_test = class_names(test, where);
  if (of_train.empty() && of_test.empty()) return {};
  if (of_train.empty()) fail_unlabelled(test, train, where);
  if (of_test.empty()) fail_unlabelled(train, test, where);
  if (train.listed || test.listed) {
    of_train.merge(of_test);
    of_test = of_train;
  }
  expect_no_more(of_train, of_test, test, where);
  expect_no_more(of_test, of_train, train, where);
  return {.classes = static_cast<int>(of_train.size()),
          .train = labels_of(train, of_train),
          .test = labels_of(test, of_train)};
}

}  // namespace data
