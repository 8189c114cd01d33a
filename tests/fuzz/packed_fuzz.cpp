// Packed files as they are, and with checksums that fit, so that what they protect is read too: all that a file which
// is not refused says of its images lies in the file.
#include <cstring>
#include <vector>

#include "data/files/xxh64.h"
#include "data/sources/packed_file.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

namespace {

using data::PackedHeader;

void check(std::span<const std::byte> file) {
  data::PackedSplits splits;
  try {
    splits = data::parse_packed(file);
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).find("; ") != std::string_view::npos, "an error says what to do");
    return;
  }
  for (const data::PackedSplit& split : splits) {
    const auto per_image = static_cast<std::size_t>(split.layout.label_count());
    must(split.labels.size() == split.images.size() * per_image, "every image has its labels");
    for (const data::PackedImage& image : split.images) {
      const auto bytes = static_cast<std::uint64_t>(image.extent().pixels() * split.layout.channels);
      must(bytes > 0 && image.offset <= file.size() && bytes <= file.size() - image.offset,
           "an image lies in its file");
      data::xxh64(file.subspan(image.offset, bytes));
      must(!split.layout.extent || image.extent() == *split.layout.extent, "images are of the size that is promised");
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < split.images.size(); ++i)
      for (const data::LabelSet& set : split.layout.labels)
        for (int k = 0; k < set.per_example; ++k, ++at)
          must(split.labels[at] >= 0 && split.labels[at] < set.classes, "a label is a class");
  }
}

/// The file with sizes and checksums in its header that fit.
void seal(std::span<std::byte> file) {
  PackedHeader header;
  if (file.size() < sizeof header) return;
  std::memcpy(&header, file.data(), sizeof header);
  header.magic = data::kPackedMagic;
  header.byte_order = data::kPackedByteOrder;
  header.version = data::kPackedVersion;
  header.file_bytes = file.size();
  header.catalogue_offset = header.catalogue_offset % file.size() / data::kPackedAlignment * data::kPackedAlignment;
  header.catalogue_bytes = file.size() - header.catalogue_offset;
  header.catalogue_checksum = data::xxh64(file.subspan(header.catalogue_offset));
  std::memcpy(file.data(), &header, sizeof header);
  header.checksum = data::xxh64(file.first(offsetof(PackedHeader, checksum)));
  std::memcpy(file.data(), &header, sizeof header);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint64_t> aligned(size / 8 + 1);  // as memory that a file is mapped into
  const std::span<std::byte> file = std::as_writable_bytes(std::span(aligned)).first(size);
  if (size > 0) std::memcpy(file.data(), data, size);
  check(file);
  seal(file);
  check(file);
  return 0;
}
