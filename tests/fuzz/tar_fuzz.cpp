// Tar archives, plain and compressed: what is taken lies inside the archive, and an archive without its end is refused.
#include "data/files/tar.h"

#include <optional>
#include <string>
#include <vector>

#include "data/files/unpack.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

namespace {

/// The number of files; none if the archive is refused.
std::optional<std::size_t> count_files(std::span<const std::byte> archive) {
  data::TarReader reader(archive);
  std::size_t count = 0;
  try {
    while (const auto file = reader.next()) {
      must(!file->name.empty() || !file->link.empty(), "a file has a name");
      must(file->offset <= archive.size() && file->bytes <= archive.size() - file->offset,
           "a file lies in its archive");
      must(file->link.empty() || file->bytes == 0, "a link has no bytes");
      ++count;
    }
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).find("offset") != std::string_view::npos, "an error says where");
    return std::nullopt;
  }
  must(count <= archive.size() / 512, "a file has a header of its own");
  return count;
}

/// All but the last byte of the zeros that must follow the last block with something in it.
std::span<const std::byte> without_end(std::span<const std::byte> archive) {
  std::size_t used = archive.size();
  while (used > 0 && archive[used - 1] == std::byte{0}) --used;
  return archive.first((used + 511) / 512 * 512 + 1023);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = bytes_of(data, size);
  if (!data::is_packed(file)) {
    if (count_files(file)) must(!count_files(without_end(file)), "an archive without its end is refused");
    return 0;
  }
  constexpr std::size_t kMostBytes = 1 << 20;
  try {
    if (const auto unpacked = data::unpack(file, kMostBytes)) {
      must(unpacked->size() <= kMostBytes, "no more is unpacked than allowed");
      count_files(std::as_bytes(std::span(*unpacked)));
    }
  } catch (const engine::DataError&) {}
  return 0;
}
