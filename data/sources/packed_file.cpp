#include "data/sources/packed_file.h"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "data/files/xxh64.h"
#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;
using Json = nlohmann::json;

constexpr const char* kAgain = "; copy or pack it again";
constexpr const char* kSplitNames[] = {"train", "test"};
constexpr std::int64_t kMostSide = 1 << 20, kMostChannels = 4096, kMostLabels = 4096,
                       kMostImages = std::int64_t{1} << 40;
constexpr std::size_t kMostSets = 256;

PackedHeader header_of(std::span<const std::byte> file) {
  PackedHeader header;
  if (file.size() < sizeof header)
    throw DataError(concat("it has only ", file.size(), " bytes, fewer than the header of a packed file", kAgain));
  std::memcpy(&header, file.data(), sizeof header);
  if (header.magic != kPackedMagic)
    throw DataError("it does not begin with ANTIPACK and so is no packed file; make one with `pack`");
  if (header.byte_order != kPackedByteOrder)
    throw DataError("at offset 8, its numbers do not have the byte order of this machine; pack it again here");
  if (header.version != kPackedVersion) {
    throw DataError(concat("it has version ", header.version, " of the format, and this program reads version ",
                           kPackedVersion, "; pack it again"));
  }
  if (header.checksum != xxh64(file.first(offsetof(PackedHeader, checksum))))
    throw DataError(concat("its header, at offset 0, is damaged", kAgain));
  if (file.size() < header.file_bytes) {
    throw DataError(
        concat("it was cut off at offset ", file.size(), " of the ", header.file_bytes, " bytes it had", kAgain));
  }
  if (file.size() > header.file_bytes) {
    throw DataError(
        concat("it has ", file.size() - header.file_bytes, " bytes too many, from offset ", header.file_bytes, kAgain));
  }
  const bool fits = header.catalogue_offset >= sizeof header && header.catalogue_offset % kPackedAlignment == 0 &&
                    header.catalogue_offset <= file.size() &&
                    header.catalogue_bytes == file.size() - header.catalogue_offset;
  if (!fits) throw DataError(concat("its header, at offset 0, places the catalogue outside the file", kAgain));
  return header;
}

/// Reads the catalogue from its beginning to its end.
class CatalogueReader {
 public:
  explicit CatalogueReader(std::span<const std::byte> catalogue, std::uint64_t offset)
      : rest_(catalogue), offset_(offset) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    std::memcpy(&value, take(sizeof value, "length").data(), sizeof value);
    return value;
  }
  std::span<const std::byte> take(std::uint64_t bytes, const char* what) {
    if (bytes > rest_.size()) reject(concat("ends within its ", what));
    const auto taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    offset_ += bytes;
    return taken;
  }
  /// `count` values, and the zeros up to a multiple of 8 bytes.
  template <class Value>
  std::span<const Value> values(std::uint64_t count, const char* what) {
    if (count > rest_.size() / sizeof(Value)) reject(concat("ends within its ", what));
    const auto bytes = take((count * sizeof(Value) + 7) / 8 * 8, what);
    return {reinterpret_cast<const Value*>(bytes.data()), count};
  }
  bool at_end() const { return rest_.empty(); }
  [[noreturn]] void reject(const std::string& what) const {
    throw DataError(concat("its catalogue, at offset ", offset_, ", ", what, kAgain));
  }

 private:
  std::span<const std::byte> rest_;
  std::uint64_t offset_;
};

std::int64_t whole(const Json& value, const char* name, std::int64_t most, const CatalogueReader& reader) {
  const auto number = engine::whole_number(value);
  if (!number || *number < 1 || *number > most)
    reader.reject(concat("does not give '", name, "' as a whole number from 1 to ", most));
  return *number;
}

InputLayout layout_of(const Json& json, const CatalogueReader& reader) {
  constexpr std::int64_t kMostClasses = std::numeric_limits<std::int32_t>::max();
  InputLayout layout{
      .channels = static_cast<int>(whole(json.at("channels"), "channels", kMostChannels, reader)),
  };
  if (const Json& extent = json.at("extent"); !extent.is_null()) {
    layout.extent = {.height = whole(extent.at(0), "extent", kMostSide, reader),
                     .width = whole(extent.at(1), "extent", kMostSide, reader)};
  }
  const auto& sets = json.at("labels").get_ref<const Json::array_t&>();
  if (sets.size() > kMostSets) reader.reject(concat("has more than ", kMostSets, " label sets"));
  for (const Json& set : sets) {
    layout.labels.push_back(
        {.name = set.at("name").get<std::string>(),
         .classes = static_cast<int>(whole(set.at("classes"), "classes", kMostClasses, reader)),
         .per_example = static_cast<int>(whole(set.at("per_example"), "per_example", kMostLabels, reader))});
  }
  return layout;
}

void check_images(const PackedSplit& split, const CatalogueReader& reader, std::uint64_t images_end) {
  const auto channels = static_cast<std::uint64_t>(split.layout.channels);
  for (std::size_t i = 0; i < split.images.size(); ++i) {
    const PackedImage& image = split.images[i];
    const std::uint64_t longer = std::max(image.height, image.width), shorter = std::min(image.height, image.width);
    const bool fits = shorter >= 1 && longer <= kMostSide && image.offset % kPackedAlignment == 0 &&
                      image.offset >= sizeof(PackedHeader) && image.offset <= images_end &&
                      longer * shorter * channels <= images_end - image.offset;
    if (!fits) reader.reject(concat("places image ", i, " outside the file"));
    if (split.layout.extent && image.extent() != *split.layout.extent)
      reader.reject(concat("gives image ", i, " a size of its own, although all are of one size"));
  }
}

void check_labels(const PackedSplit& split, const CatalogueReader& reader) {
  std::vector<std::int32_t> classes;
  for (const LabelSet& set : split.layout.labels)
    classes.insert(classes.end(), static_cast<std::size_t>(set.per_example), set.classes);
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    if (split.labels[i] < 0 || split.labels[i] >= classes[i % classes.size()])
      reader.reject(concat("gives image ", i / classes.size(), " the label ", split.labels[i], ", which is no class"));
  }
}

PackedSplit read_split(const Json& json, CatalogueReader& reader, std::uint64_t images_end) {
  PackedSplit split{.images = {},
                    .labels = {},
                    .layout = layout_of(json, reader),
                    .source = json.at("source").get<std::string>(),
                    .fingerprint = json.at("fingerprint").get<std::string>()};
  const auto count = static_cast<std::uint64_t>(whole(json.at("images"), "images", kMostImages, reader));
  const auto labels = static_cast<std::uint64_t>(split.layout.label_count());
  split.images = reader.values<PackedImage>(count, "index");
  split.labels = reader.values<std::int32_t>(count * labels, "labels");
  check_images(split, reader, images_end);
  check_labels(split, reader);
  return split;
}

std::span<const std::int32_t> labels_of(const PackedSplit& split, std::int64_t i) {
  const auto labels = static_cast<std::size_t>(split.layout.label_count());
  return split.labels.subspan(static_cast<std::size_t>(i) * labels, labels);
}

/// A file that is not there is an error of the data.
engine::Descriptor open_file(const std::filesystem::path& path) {
  try {
    return {path, O_RDONLY};
  } catch (const engine::Error& error) { throw DataError(concat("packed: ", error.what())); }
}

}  // namespace

PackedSplits parse_packed(std::span<const std::byte> file) {
  static_assert(std::endian::native == std::endian::little);
  const PackedHeader header = header_of(file);
  const auto catalogue = file.subspan(header.catalogue_offset);
  if (xxh64(catalogue) != header.catalogue_checksum) {
    throw DataError(concat("its catalogue, from offset ", header.catalogue_offset, " to the end, is damaged", kAgain));
  }
  CatalogueReader reader(catalogue, header.catalogue_offset);
  const std::uint64_t json_bytes = reader.number();
  if (json_bytes % 8 != 0) reader.reject("has a description of a wrong length");
  const auto text = reader.take(json_bytes, "description");
  const Json json = engine::parse_json<Json>({reinterpret_cast<const char*>(text.data()), text.size()});
  PackedSplits splits;
  try {
    const Json& listed = json.at("splits");
    for (std::size_t i = 0; i < splits.size(); ++i)
      splits[i] = read_split(listed.at(i), reader, header.catalogue_offset);
  } catch (const Json::exception& error) { reader.reject(concat("is not what `pack` writes (", error.what(), ")")); }
  if (!reader.at_end()) reader.reject("has more than its two splits");
  return splits;
}

PackedFile::PackedFile(const std::filesystem::path& path) : file_(open_file(path)), mapped_(path) {
  try {
    splits_ = parse_packed(mapped_.bytes());
  } catch (const DataError& reason) {
    throw DataError(concat("packed: cannot read ", path.string(), ": ", reason.what()));
  }
}

void PackedFile::check_whole() const {
  const std::uint64_t bytes = file_.size_bytes();
  if (bytes >= mapped_.bytes().size()) return;
  throw DataError(
      concat("packed: ", path().string(), " was cut off at offset ", bytes, " since it was opened", kAgain));
}

std::span<const std::int32_t> PackedFile::labels(Split split, std::int64_t i) const {
  check_whole();
  return labels_of(this->split(split), i);
}

void PackedFile::read(Split split, std::int64_t i, Example& example) const {
  check_whole();
  const PackedSplit& of = this->split(split);
  const PackedImage& image = of.images[static_cast<std::size_t>(i)];
  std::uint8_t* pixels = example.resize(image.extent(), of.layout.channels);
  std::memcpy(pixels, mapped_.bytes().data() + image.offset, example.pixels.size());
  if (xxh64(std::as_bytes(std::span(example.pixels))) != image.checksum) {
    throw DataError(concat("packed: ", path().string(), ": image ", i, " of the ",
                           kSplitNames[static_cast<std::size_t>(split)], " split, at offset ", image.offset,
                           ", is damaged: its bytes do not have its checksum; copy or pack the file again"));
  }
  const auto labels = labels_of(of, i);
  example.labels.assign(labels.begin(), labels.end());
  example.bits = {};
}

}  // namespace data
