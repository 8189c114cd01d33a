#include "data/sources/npy_images.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "data/sources/npy_classes.h"
#include "engine/io/npy.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;
using engine::NpyFile;

constexpr std::int64_t kMostClasses = 1'000'000;

fs::path file_of(const fs::path& directory, Split split, const char* what) {
  return directory / concat(split == Split::train ? "train" : "test", '_', what, ".npy");
}

fs::path existing(const fs::path& path) {
  std::error_code unreadable;
  if (fs::exists(path, unreadable)) return path;
  throw DataError(concat("npy: there is no file ", path.string(),
                         "; expected {train,test}_images.npy, u8 [N,H,W,C], and ",
                         "{train,test}_labels.npy, whole numbers [N], in the directory"));
}

std::vector<std::int32_t> read_labels(const fs::path& path) {
  return read_npy_classes(existing(path), "npy", "label", kMostClasses);
}

int classes_in(const std::vector<std::int32_t>& labels) { return labels.empty() ? 0 : 1 + std::ranges::max(labels); }

class NpyImages final : public Source {
 public:
  NpyImages(const fs::path& directory, Split split)
      : directory_(directory),
        split_(split),
        images_(existing(file_of(directory, split, "images"))),
        labels_(read_labels(file_of(directory, split, "labels"))) {
    const engine::NpyArray& array = images_.array();
    const std::string path = file_of(directory, split, "images").string();
    const std::size_t rank = array.shape.size();
    if (array.type != engine::StoredType::u8 || (rank != 3 && rank != 4)) {
      throw DataError(concat("npy: ", path, " must hold uint8 [N,H,W,C] or [N,H,W], got ",
                             engine::numpy_name(array.type), " of rank ", rank));
    }
    const std::int64_t channels = rank == 4 ? array.shape[3] : 1;
    if (array.bytes.empty()) throw DataError(concat("npy: ", path, " holds no pixels"));
    if (array.shape[0] != static_cast<std::int64_t>(labels_.size())) {
      throw DataError(concat("npy: ", path, " holds ", array.shape[0], " images, but there are ", labels_.size(),
                             " labels; expected as many"));
    }
    // Both splits get the same number of classes, even if only one of them contains the largest labels.
    const fs::path others = file_of(directory, split == Split::train ? Split::test : Split::train, "labels");
    const int classes = std::max(classes_in(labels_), classes_in(read_labels(others)));
    layout_ = {.channels = static_cast<int>(channels),
               .extent = Extent{array.shape[1], array.shape[2]},
               .labels = {{.name = kClassLabel, .classes = classes}}};
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint&, Example& example) const override {
    std::uint8_t* pixels = example.resize(*layout_.extent, layout_.channels);
    const std::size_t bytes = example.pixels.size(), i = static_cast<std::size_t>(visit.example);
    std::memcpy(pixels, images_.array().bytes.data() + i * bytes, bytes);
    example.labels.assign(1, labels_[i]);
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t i) const override { return labels_[static_cast<std::size_t>(i)]; }
  std::string describe() const override {
    return concat("npy:", directory_.string(), " (", split_ == Split::train ? "train" : "test", ", ", size(),
                  " images of ", layout_.labels[0].classes, " classes)");
  }

 private:
  fs::path directory_;
  Split split_;
  NpyFile images_;
  std::vector<std::int32_t> labels_;
  InputLayout layout_;
};

}  // namespace

std::unique_ptr<Source> open_npy(const fs::path& directory, Split split) {
  return std::make_unique<NpyImages>(directory, split);
}

}  // namespace data
