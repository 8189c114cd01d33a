#include "data/mnist.h"

#include <algorithm>
#include <cstring>

#include "data/idx.h"
#include "engine/core/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr int kClasses = 10;

fs::path find_file(const fs::path& directory, const std::string& name) {
  std::error_code ignored;
  for (const char* ending : {"", ".gz"}) {
    if (const fs::path path = directory / (name + ending); fs::is_regular_file(path, ignored)) return path;
  }
  throw DataError(concat("mnist: ", directory, " has neither ", name, " nor ", name, ".gz; put one of them there"));
}

class Mnist final : public Source {
 public:
  Mnist(const fs::path& directory, Split split) : directory_(directory), split_(split) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
      throw DataError(concat("mnist: there is no directory ", directory,
                             "; give the one that holds train-images-idx3-ubyte (plain or .gz) and its companions"));
    }
    const std::string prefix = split == Split::train ? "train" : "t10k";
    const fs::path image_path = find_file(directory, prefix + "-images-idx3-ubyte");
    const fs::path label_path = find_file(directory, prefix + "-labels-idx1-ubyte");
    images_ = read_idx(image_path, 3);
    labels_ = read_idx(label_path, 1);

    if (images_.values.empty()) throw DataError(concat("mnist: ", image_path, " holds no pixels"));
    if (images_.dims[0] != labels_.dims[0]) {
      throw DataError(concat("mnist: ", image_path, " holds ", images_.dims[0], " images, but ", label_path, " holds ",
                             labels_.dims[0], " labels; expected as many"));
    }
    const auto wrong = std::ranges::find_if(labels_.values, [](std::uint8_t label) { return label >= kClasses; });
    if (wrong != labels_.values.end()) {
      throw DataError(concat("mnist: ", label_path, " has label ", int{*wrong}, " for image ",
                             wrong - labels_.values.begin(), "; expected 0 to ", kClasses - 1));
    }
  }

  std::int64_t size() const override { return images_.dims[0]; }
  engine::Shape image_shape() const override { return {images_.dims[1], images_.dims[2], 1}; }
  int classes() const override { return kClasses; }
  void image(std::int64_t i, std::uint8_t* out) const override {
    const auto bytes = static_cast<std::size_t>(images_.dims[1] * images_.dims[2]);
    std::memcpy(out, images_.values.data() + static_cast<std::size_t>(i) * bytes, bytes);
  }
  std::int32_t label(std::int64_t i) const override { return labels_.values[static_cast<std::size_t>(i)]; }
  std::string describe() const override {
    return concat("mnist:", directory_.string(), " (", split_ == Split::train ? "train" : "test", ", ", size(),
                  " images)");
  }

 private:
  fs::path directory_;
  Split split_;
  IdxArray images_, labels_;
};

}  // namespace

std::unique_ptr<Source> open_mnist(const fs::path& directory, Split split) {
  return std::make_unique<Mnist>(directory, split);
}

}  // namespace data
