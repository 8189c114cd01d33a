#include "data/sources/idx.h"

#include <algorithm>
#include <iomanip>
#include <optional>

#include "data/files/gzip.h"
#include "engine/io/mapped_file.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

constexpr int kMaxRank = 3;

/// Reads plain and gzip-compressed files alike; every error names the path.
class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::filesystem::path& path) : path_(path) {
    if (Gzip::is_one(file)) {
      packed_.emplace(file);
    } else {
      plain_ = file;
    }
  }

  /// Returns fewer bytes than asked for only at the end of the data.
  std::size_t read(std::span<std::uint8_t> out) {
    if (packed_) {
      try {
        return packed_->read(out);
      } catch (const DataError& reason) {
        throw DataError(concat("idx: cannot read ", path_, " (", reason.what(), "); fetch the file again"));
      }
    }
    const std::size_t size = std::min(out.size(), plain_.size());
    std::copy_n(reinterpret_cast<const std::uint8_t*>(plain_.data()), size, out.begin());
    plain_ = plain_.subspan(size);
    return size;
  }

 private:
  const std::filesystem::path& path_;
  std::span<const std::byte> plain_;
  std::optional<Gzip> packed_;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string hexadecimal(std::uint32_t word) {
  std::ostringstream out;
  out << "0x" << std::hex << std::setw(8) << std::setfill('0') << word;
  return out.str();
}

std::vector<std::int64_t> read_dims(Reader& file, const std::filesystem::path& path, int rank) {
  std::uint8_t header[4 * (1 + kMaxRank)];
  const auto bytes = 4 * (1 + static_cast<std::size_t>(rank));
  const std::size_t got = file.read(std::span(header).first(bytes));
  const std::uint32_t magic = 0x00000800u | static_cast<std::uint32_t>(rank);
  if (got >= 4 && big_endian(header) != magic) {
    throw DataError(concat("idx: ", path, " starts with ", hexadecimal(big_endian(header)), ", expected ",
                           hexadecimal(magic), " (unsigned bytes in ", rank,
                           rank == 1 ? " dimension)" : " dimensions)"));
  }
  if (got < bytes) throw DataError(concat("idx: ", path, " ends inside its header of ", bytes, " bytes"));
  std::vector<std::int64_t> dims;
  for (int i = 1; i <= rank; ++i) dims.push_back(big_endian(header + 4 * i));
  return dims;
}

/// Reads the rest of the file, which must have exactly the product of `dims` bytes. Memory grows with the bytes read,
/// so that a header with too large sizes allocates nothing.
std::vector<std::uint8_t> read_values(Reader& file, const std::filesystem::path& path,
                                      const std::vector<std::int64_t>& dims) {
  constexpr std::size_t kSmallest = 64 << 10, kLargest = 4 << 20;  // bytes per read
  std::size_t expected = 1;
  std::string product;
  bool overflow = false;
  for (const std::int64_t dim : dims) {
    overflow |= __builtin_mul_overflow(expected, static_cast<std::size_t>(dim), &expected);
    product += concat(product.empty() ? "" : " x ", dim);
  }
  if (overflow)
    throw DataError(concat("idx: the header of ", path, " promises ", product, " bytes, which no file holds"));

  std::vector<std::uint8_t> values;
  std::size_t size = 0;
  while (size < expected) {
    const std::size_t wanted = std::min(expected - size, std::clamp(size, kSmallest, kLargest));
    values.resize(size + wanted);
    const std::size_t got = file.read(std::span(values).subspan(size, wanted));
    size += got;
    if (got < wanted) {
      throw DataError(concat("idx: ", path, " is truncated: its header promises ", product, " = ", expected,
                             " bytes, it has ", size, "; fetch the file again"));
    }
  }
  std::uint8_t extra[1];  // one more read also verifies the end of a gzip stream and its checksum
  if (file.read(extra) != 0) {
    throw DataError(
        concat("idx: ", path, " goes on after the ", product, " = ", expected, " bytes its header promises"));
  }
  return values;
}

}  // namespace

IdxArray parse_idx(std::span<const std::byte> bytes, const std::filesystem::path& path, int rank) {
  EXPECTS(rank >= 1 && rank <= kMaxRank, "idx: expected 1 to ", kMaxRank, " dimensions, got ", rank);
  Reader file(bytes, path);
  IdxArray array;
  array.dims = read_dims(file, path, rank);
  array.values = read_values(file, path, array.dims);
  return array;
}

IdxArray read_idx(const std::filesystem::path& path, int rank) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw DataError(concat("idx: there is no file ", path));
  return parse_idx(engine::MappedFile(path).bytes(), path, rank);
}

}  // namespace data
