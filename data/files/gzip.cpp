#include "data/files/gzip.h"

#include <algorithm>
#include <new>

#include "kernels/runtime/error.h"

namespace data {
namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 30;  // zlib's counters have 32 bits
constexpr int kGzipOnly = 15 + 16;                     // the largest window; 16 selects gzip (see zlib.h)

}  // namespace

bool Gzip::is_one(std::span<const std::byte> file) {
  return file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
}

Gzip::Gzip(std::span<const std::byte> file) : rest_(file) {
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

Gzip::~Gzip() { inflateEnd(&stream_); }

std::size_t Gzip::read(std::span<std::uint8_t> out) {
  std::size_t size = 0;
  while (size < out.size() && !ended_) {
    if (stream_.avail_in == 0 && !rest_.empty()) {
      const auto next = rest_.first(std::min(rest_.size(), kAtOnce));
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(next.data()));  // zlib only reads it
      stream_.avail_in = static_cast<uInt>(next.size());
      rest_ = rest_.subspan(next.size());
    }
    const auto room = static_cast<uInt>(std::min(out.size() - size, kAtOnce));
    stream_.next_out = out.data() + size;
    stream_.avail_out = room;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    size += room - stream_.avail_out;
    if (code == Z_STREAM_END) {
      next_member();
    } else if (code == Z_BUF_ERROR) {  // there is room for output, so input is missing
      throw engine::DataError("unexpected end of file");
    } else if (code == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (code != Z_OK) {
      throw engine::DataError(stream_.msg != nullptr ? stream_.msg : "a damaged gzip stream");
    }
  }
  return size;
}

void Gzip::next_member() {
  const std::span<const std::byte> given(reinterpret_cast<const std::byte*>(stream_.next_in), stream_.avail_in);
  ended_ = given.empty() && rest_.empty();
  if (ended_) return;
  const bool known = given.size() >= 2 || rest_.empty();  // if unknown, zlib detects it
  if (known && !is_one(given)) throw engine::DataError("other bytes follow its end");
  inflateReset(&stream_);
}

}  // namespace data
