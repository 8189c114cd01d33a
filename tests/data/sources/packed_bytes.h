#pragma once
#include <cstring>
#include <string>
#include <vector>

#include "data/files/xxh64.h"
#include "data/sources/packed_file.h"
#include "data/sources/packed_writer.h"
#include "tests/data/drawn_source.h"

namespace tests {

/// Images of different sizes with two label sets, the second with two labels an example.
class MixedSource : public data::Source {
 public:
  explicit MixedSource(std::int64_t size, int channels = 3, std::uint8_t first = 0) : size_(size), first_(first) {
    layout_.channels = channels;
    layout_.labels = {{.name = "label", .classes = 5}, {.name = "digit", .classes = 10, .per_example = 2}};
  }
  std::int64_t size() const override { return size_; }
  const data::InputLayout& layout() const override { return layout_; }
  void read(const data::Visit& visit, const data::DecodeHint&, data::Example& example) const override {
    const auto i = static_cast<std::int32_t>(visit.example);
    std::uint8_t* pixels = example.resize({.height = 1 + i % 7, .width = 2 + i % 5}, layout_.channels);
    for (std::size_t k = 0; k < example.pixels.size(); ++k)
      pixels[k] = static_cast<std::uint8_t>(first_ + 31 * static_cast<std::size_t>(i) + k);
    example.labels = {i % 5, i % 10, (i + 3) % 10};
    example.bits = {};
  }
  std::string describe() const override { return "mixed"; }

 private:
  std::int64_t size_;
  std::uint8_t first_;
  data::InputLayout layout_;
};

inline std::uint64_t write_packed(const std::filesystem::path& path, const data::Source& train,
                                  const data::Source& test) {
  data::PackedWriter writer(path, {.source = "mixed:", .short_side = 0, .written_by = "a test"});
  for (const data::Source* source : {&train, &test}) {
    writer.begin(*source);
    for (std::int64_t i = 0; i < source->size(); ++i) writer.add(read_example(*source, i));
  }
  return writer.commit();
}

inline data::PackedHeader header_of(const std::string& file) {
  data::PackedHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

/// The file with other fields in its header, and with checksums of header and catalogue that fit.
inline std::string sealed(std::string file, data::PackedHeader header) {
  if (header.catalogue_offset <= file.size())
    header.catalogue_checksum = data::xxh64(std::as_bytes(std::span(file)).subspan(header.catalogue_offset));
  std::memcpy(file.data(), &header, sizeof header);
  header.checksum = data::xxh64(std::as_bytes(std::span(file)).first(offsetof(data::PackedHeader, checksum)));
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

}  // namespace tests
