// Files of images and labels, plain and packed. The first byte says how the rest is used.
#include <zlib.h>

#include <optional>
#include <vector>

#include "data/sources/idx.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

namespace {

using Bytes = std::vector<std::byte>;

std::optional<data::IdxArray> parse(std::span<const std::byte> file, int rank) {
  try {
    return data::parse_idx(file, "input", rank);
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).find("\"input\"") != std::string_view::npos, "an error names the file");
    return std::nullopt;
  }
}

/// One member of a gzip file.
void append_packed(Bytes& packed, std::span<const std::byte> bytes) {
  z_stream stream{};
  must(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib begins");
  const std::size_t before = packed.size();
  packed.resize(before + deflateBound(&stream, bytes.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data() + before);
  stream.avail_out = static_cast<uInt>(packed.size() - before);
  must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib packs");
  packed.resize(before + stream.total_out);
  deflateEnd(&stream);
}

bool starts_like_gzip(std::span<const std::byte> file) {
  return file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
}

/// In two members, packed bytes say what they say unpacked; one byte less or more, and they say nothing.
void compare_packed(std::span<const std::byte> file, int rank) {
  if (starts_like_gzip(file)) return;
  const auto plain = parse(file, rank);
  Bytes packed;
  append_packed(packed, file.first(file.size() / 2));
  append_packed(packed, file.subspan(file.size() / 2));
  const auto unpacked = parse(packed, rank);
  must(plain.has_value() == unpacked.has_value(), "packed or not, a file is read or refused");
  if (!plain) return;
  must(plain->dims == unpacked->dims && plain->values == unpacked->values, "packed or not, a file says the same");
  const std::span whole(packed);
  must(!parse(whole.first(packed.size() - 1), rank), "a file that is cut short is refused");
  packed.push_back(std::byte{0});
  must(!parse(packed, rank), "a file that goes on behind its end is refused");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int rank = data[0] % 3 + 1;
  const auto file = bytes_of(data + 1, size - 1);
  if (const auto array = parse(file, rank)) {
    std::size_t values = 1;
    for (const std::int64_t dim : array->dims) values *= static_cast<std::size_t>(dim);
    must(values == array->values.size(), "there are as many values as the header says");
  }
  if (data[0] >= 128) compare_packed(file, rank);
  return 0;
}
