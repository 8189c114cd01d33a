#include "data/files/unpack.h"

#include <algorithm>

#include "data/files/gzip.h"
#include "data/files/zstd.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

template <class Stream>
std::optional<std::vector<std::uint8_t>> read_all(Stream&& stream, std::uint64_t most_bytes) {
  constexpr std::size_t kSmallest = 256 << 10, kLargest = 64 << 20;  // bytes per read
  std::vector<std::uint8_t> bytes;
  while (true) {
    const std::size_t size = bytes.size(), wanted = std::clamp(size, kSmallest, kLargest);
    bytes.resize(size + wanted);
    const std::size_t got = stream.read(std::span(bytes).subspan(size));
    if (size + got > most_bytes) return std::nullopt;
    if (got < wanted) {
      bytes.resize(size + got);
      bytes.shrink_to_fit();
      return bytes;
    }
  }
}

}  // namespace

bool is_packed(std::span<const std::byte> file) { return Gzip::is_one(file) || Zstd::is_one(file); }

std::optional<std::vector<std::uint8_t>> unpack(std::span<const std::byte> file, std::uint64_t most_bytes) {
  if (Gzip::is_one(file)) return read_all(Gzip(file), most_bytes);
  if (Zstd::is_one(file)) return read_all(Zstd(file), most_bytes);
  throw engine::DataError("it was compressed neither by gzip nor by zstd");
}

}  // namespace data
