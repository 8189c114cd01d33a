#include "data/sources/mnist.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "data/sources/idx.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr int kFewestClasses = 10;  // MNIST has 10; a subset of MNIST counts as 10 too

/// The words for a split in file names; "test" is EMNIST's.
std::vector<std::string> words(Split split) {
  if (split == Split::train) return {"train"};
  return {"t10k", "test"};
}

/// The possible file names: "train-images-idx3-ubyte" as published, "train-images.idx3-ubyte" as some programs unpack
/// it, each also compressed. `what` is "images-idx3" or "labels-idx1".
std::vector<std::string> spellings(const std::string& prefix, Split split, const std::string& what) {
  std::string dotted = what;
  dotted[dotted.find('-')] = '.';
  std::vector<std::string> names;
  for (const std::string& word : words(split)) {
    for (const std::string& part : {what, dotted}) {
      for (const char* ending : {"-ubyte", "-ubyte.gz"}) names.push_back(concat(prefix, word, "-", part, ending));
    }
  }
  return names;
}

constexpr char kImages[] = "images-idx3", kLabels[] = "labels-idx1";

/// The prefix of a split's file names: empty for MNIST, "emnist-letters-" for EMNIST.
std::string find_prefix(const fs::path& directory, Split split) {
  std::set<std::string> prefixes;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(directory, unreadable)) {
    const std::string name = entry.path().filename();
    for (const std::string& ending : spellings("", split, kImages)) {
      if (!name.ends_with(ending)) continue;
      const std::string prefix = name.substr(0, name.size() - ending.size());
      if (prefix.empty()) return {};
      if (prefix.ends_with('-')) prefixes.insert(prefix);
    }
  }
  if (unreadable) throw DataError(concat("mnist: cannot read ", directory, ": ", unreadable.message()));
  if (prefixes.size() > 1) {
    throw DataError(concat("mnist: ", directory, " holds several data sets, such as ", *prefixes.begin(), " and ",
                           *prefixes.rbegin(), "; give a directory with the files of one"));
  }
  return prefixes.empty() ? "" : *prefixes.begin();
}

/// Empty if there is no such file.
fs::path find_file(const fs::path& directory, Split split, const char* what) {
  std::error_code ignored;
  for (const std::string& name : spellings(find_prefix(directory, split), split, what)) {
    if (fs::path path = directory / name; fs::exists(path, ignored)) return path;
  }
  return {};
}

fs::path existing_file(const fs::path& directory, Split split, const char* what) {
  if (fs::path path = find_file(directory, split, what); !path.empty()) return path;
  const std::string name = spellings(find_prefix(directory, split), split, what).front();
  throw DataError(concat("mnist: ", directory, " has neither ", name, " nor ", name, ".gz; put one of them there"));
}

int classes_in(const IdxArray& labels) { return labels.values.empty() ? 0 : 1 + std::ranges::max(labels.values); }

class Mnist final : public Source {
 public:
  Mnist(const fs::path& directory, Split split) : directory_(directory), split_(split) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
      throw DataError(concat("mnist: there is no directory ", directory,
                             "; give the one that holds train-images-idx3-ubyte (plain or .gz) and its companions"));
    }
    const fs::path image_path = existing_file(directory, split, kImages);
    const fs::path label_path = existing_file(directory, split, kLabels);
    images_ = read_idx(image_path, 3);
    labels_ = read_idx(label_path, 1);

    if (images_.values.empty()) throw DataError(concat("mnist: ", image_path, " holds no pixels"));
    if (images_.dims[0] != labels_.dims[0]) {
      throw DataError(concat("mnist: ", image_path, " holds ", images_.dims[0], " images, but ", label_path, " holds ",
                             labels_.dims[0], " labels; expected as many"));
    }
    // Both splits get the same number of classes, even if only one of them contains the largest labels.
    const fs::path others = find_file(directory, split == Split::train ? Split::test : Split::train, kLabels);
    int classes = std::max(kFewestClasses, classes_in(labels_));
    if (!others.empty()) classes = std::max(classes, classes_in(read_idx(others, 1)));
    layout_ = {.channels = 1,
               .extent = Extent{images_.dims[1], images_.dims[2]},
               .labels = {{.name = kClassLabel, .classes = classes}}};
  }

  std::int64_t size() const override { return images_.dims[0]; }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint&, Example& example) const override {
    std::uint8_t* pixels = example.resize(*layout_.extent, 1);
    const std::size_t bytes = example.pixels.size(), i = static_cast<std::size_t>(visit.example);
    std::memcpy(pixels, images_.values.data() + i * bytes, bytes);
    example.labels.assign(1, labels_.values[i]);
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t i) const override {
    return labels_.values[static_cast<std::size_t>(i)];
  }
  std::string describe() const override {
    const int count = layout_.labels[0].classes;
    const std::string classes = count == kFewestClasses ? "" : concat(" of ", count, " classes");
    return concat("mnist:", directory_.string(), " (", split_ == Split::train ? "train" : "test", ", ", size(),
                  " images", classes, ")");
  }

 private:
  fs::path directory_;
  Split split_;
  IdxArray images_, labels_;
  InputLayout layout_;
};

}  // namespace

std::unique_ptr<Source> open_mnist(const fs::path& directory, Split split) {
  return std::make_unique<Mnist>(directory, split);
}

}  // namespace data
