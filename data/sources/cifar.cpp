#include "data/sources/cifar.h"

#include <algorithm>
#include <string>

#include "data/files/archive.h"
#include "engine/io/mapped_file.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr std::int64_t kSide = 32, kPlane = kSide * kSide, kImageBytes = 3 * kPlane;

/// How one of the sets is published.
struct Publication {
  const char* name;       // of the source
  const char* directory;  // as unpacked
  const char* archive;
  std::vector<std::string> train, test;
  std::vector<LabelSet> labels;
};

const Publication& published(CifarSet set) {
  static const Publication cifar10{
      .name = "cifar10",
      .directory = "cifar-10-batches-bin",
      .archive = "cifar-10-binary.tar.gz",
      .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      .test = {"test_batch.bin"},
      .labels = {{.name = kClassLabel, .classes = 10}}};
  static const Publication cifar100{
      .name = "cifar100",
      .directory = "cifar-100-binary",
      .archive = "cifar-100-binary.tar.gz",
      .train = {"train.bin"},
      .test = {"test.bin"},
      .labels = {{.name = kClassLabel, .classes = 100}, {.name = "coarse", .classes = 20}}};
  return set == CifarSet::cifar10 ? cifar10 : cifar100;
}

void append(std::span<const std::byte> file, CifarSet set, const std::string& where, CifarImages& images) {
  try {
    parse_cifar(file, set, images);
  } catch (const DataError& reason) {
    throw DataError(concat(published(set).name, ": ", where, " ", reason.what(), "; fetch it again"));
  }
}

void read_archive(const fs::path& path, CifarSet set, const std::vector<std::string>& names, CifarImages& images) {
  const auto archive = open_archive(path);
  for (const std::string& name : names) {
    std::int64_t found = -1;
    for (std::int64_t i = 0; i < archive->files().size(); ++i) {
      if (fs::path(archive->files().name(i)).filename() == name) found = i;
    }
    if (found < 0) {
      throw DataError(concat(published(set).name, ": ", path, " holds no ", name, "; fetch the binary version, ",
                             published(set).archive));
    }
    append(archive->read(found), set, concat(path, ": ", name), images);
  }
}

CifarImages read_images(const fs::path& path, CifarSet set, const std::vector<std::string>& names) {
  const Publication& publication = published(set);
  std::error_code ignored;
  CifarImages images;
  if (fs::is_regular_file(path, ignored)) {
    read_archive(path, set, names, images);
    return images;
  }
  for (const fs::path& directory : {path, path / publication.directory}) {
    if (!fs::exists(directory / names.front(), ignored)) continue;
    for (const std::string& name : names) {
      if (!fs::exists(directory / name, ignored)) {
        throw DataError(concat(publication.name, ": ", directory, " has no ", name, "; put it there"));
      }
      append(engine::MappedFile(directory / name).bytes(), set, concat(directory / name), images);
    }
    return images;
  }
  if (fs::exists(path / publication.archive, ignored)) {
    read_archive(path / publication.archive, set, names, images);
    return images;
  }
  if (!fs::exists(path, ignored))
    throw DataError(concat(publication.name, ": there is no directory or archive ", path));
  throw DataError(concat(publication.name, ": ", path, " has neither ", names.front(), " nor ", publication.archive,
                         "; put one of them there (the binary version, not that for Python)"));
}

class Cifar final : public Source {
 public:
  Cifar(const fs::path& path, CifarSet set, Split split)
      : images_(read_images(path, set, split == Split::train ? published(set).train : published(set).test)),
        layout_{.channels = 3, .extent = Extent{kSide, kSide}, .labels = published(set).labels},
        description_(concat(published(set).name, ':', path.string(), split == Split::train ? " (train, " : " (test, ",
                            size(), " images)")) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(images_.pixels.size()) / kImageBytes; }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& /*hint*/, Example& example) const override {
    const auto sets = static_cast<std::int64_t>(layout_.labels.size());
    std::copy_n(images_.pixels.begin() + visit.example * kImageBytes, kImageBytes, example.resize(*layout_.extent, 3));
    example.labels.assign(images_.labels.begin() + visit.example * sets,
                          images_.labels.begin() + (visit.example + 1) * sets);
    example.bits = {};
  }
  std::optional<std::int32_t> label(std::int64_t example) const override {
    return images_.labels[static_cast<std::size_t>(example) * layout_.labels.size()];
  }
  std::string describe() const override { return description_; }

 private:
  CifarImages images_;
  InputLayout layout_;
  std::string description_;
};

}  // namespace

void parse_cifar(std::span<const std::byte> file, CifarSet set, CifarImages& images) {
  const std::vector<LabelSet>& label_sets = published(set).labels;
  const std::size_t labels = label_sets.size(), record = labels + kImageBytes;
  if (file.empty() || file.size() % record != 0) {
    throw DataError(concat("has ", file.size(), " bytes, expected a multiple of ", record));
  }
  const std::size_t count = file.size() / record, before = images.pixels.size();
  images.pixels.resize(before + count * kImageBytes);
  std::uint8_t* pixel = images.pixels.data() + before;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data()) + i * record;
    for (std::size_t j = 0; j < labels; ++j) {  // the finer label is stored last
      const std::int32_t label = bytes[labels - 1 - j];
      if (label >= label_sets[j].classes) {
        throw DataError(concat("has the label ", label, " at offset ", i * record + labels - 1 - j, ", expected 0 to ",
                               label_sets[j].classes - 1));
      }
      images.labels.push_back(label);
    }
    const std::uint8_t* planes = bytes + labels;
    for (std::int64_t p = 0; p < kPlane; ++p) {
      for (std::int64_t channel = 0; channel < 3; ++channel) *pixel++ = planes[channel * kPlane + p];
    }
  }
}

std::unique_ptr<Source> open_cifar(const fs::path& path, CifarSet set, Split split) {
  return std::make_unique<Cifar>(path, set, split);
}

}  // namespace data
