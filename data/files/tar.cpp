#include "data/files/tar.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kLongestText = 1 << 20;  // of a long name or of pax records: far above what file systems allow

// POSIX.1-2001, "ustar Interchange Format": offset and size of the fields of a header.
struct Field {
  std::size_t offset, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kLink{157, 100}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kType = 156;

using Header = std::span<const std::byte>;

std::string_view raw(Header header, Field field) {
  return {reinterpret_cast<const char*>(header.data()) + field.offset, field.size};
}

/// Up to the first NUL, if there is one.
std::string_view text_of(Header header, Field field) {
  const std::string_view text = raw(header, field);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

/// Octal digits between spaces, ended by a space or NUL; or, where the first bit is set, a big-endian number (GNU).
std::optional<std::uint64_t> number(std::string_view field) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(field[i]); };
  std::uint64_t value = 0;
  if (byte(0) & 0x80) {
    if (byte(0) != 0x80) return std::nullopt;  // negative, or of more than 64 bits
    for (std::size_t i = 1; i < field.size(); ++i) {
      if (value >> 56) return std::nullopt;
      value = value << 8 | byte(i);
    }
    return value;
  }
  std::size_t i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i) value = value << 3 | (byte(i) - '0');
  for (; i < field.size(); ++i) {
    if (field[i] != ' ' && field[i] != '\0') return std::nullopt;
  }
  return value;
}

/// The sum of all bytes, its own field counted as spaces. Old programs summed signed bytes.
bool checksum_holds(Header header) {
  const auto stored = number(raw(header, kChecksum));
  std::int64_t sum = 0, signed_sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    const auto byte = own ? static_cast<unsigned char>(' ') : std::to_integer<unsigned char>(header[i]);
    sum += byte;
    signed_sum += static_cast<signed char>(byte);
  }
  return stored && (*stored == static_cast<std::uint64_t>(sum) || *stored == static_cast<std::uint64_t>(signed_sum));
}

bool is_zero(Header block) {
  return std::ranges::all_of(block, [](std::byte byte) { return byte == std::byte{0}; });
}

std::string full_name(Header header) {
  const std::string name(text_of(header, kName));
  if (raw(header, kMagic) != std::string_view("ustar\0", 6)) return name;  // older, or GNU's: no prefix
  const std::string_view prefix = text_of(header, kPrefix);
  return prefix.empty() ? name : concat(prefix, '/', name);
}

}  // namespace

/// What entries of their own say of the next one, because its header has no room.
struct TarReader::Overrides {
  std::optional<std::string> name, link;
  std::optional<std::uint64_t> bytes;
};

std::optional<TarFile> TarReader::next() {
  Overrides overrides;
  while (true) {
    const std::uint64_t at = position_;
    if (at == archive_.size()) {
      throw DataError(concat("at offset ", at, " it ends without the two blocks of zeros that end an archive"));
    }
    if (archive_.size() - at < kBlock) throw DataError(concat("it ends inside the header at offset ", at));
    const Header header = archive_.subspan(at, kBlock);
    if (is_zero(header)) {
      read_end();
      return std::nullopt;
    }
    if (!checksum_holds(header)) {
      throw DataError(concat("the 512 bytes at offset ", at, " are no header: their checksum is wrong"));
    }

    TarFile file;
    const char type = static_cast<char>(header[kType]);
    const bool describes_next = type == 'L' || type == 'K' || type == 'x' || type == 'g';
    file.name = !describes_next && overrides.name ? *overrides.name : full_name(header);
    while (file.name.starts_with("./") || file.name.starts_with('/')) file.name.erase(0, file.name[0] == '/' ? 1 : 2);
    auto size = number(raw(header, kSize));
    if (!describes_next && overrides.bytes) size = overrides.bytes;
    const bool link = type == '1' || type == '2';
    const bool sizeless = link || (type >= '3' && type <= '6');  // whatever their headers say
    file.bytes = sizeless ? 0 : size.value_or(std::numeric_limits<std::uint64_t>::max());
    file.offset = at + kBlock;
    if (!size && !sizeless) {
      throw DataError(concat("the header of ", file.name, " at offset ", at, " gives a size that is no number"));
    }
    if (file.bytes > archive_.size() - file.offset) {
      throw DataError(concat("it ends inside ", file.name, ", whose ", file.bytes, " bytes begin at offset ",
                             file.offset, ", at offset ", archive_.size()));
    }
    const std::uint64_t padded = (file.bytes + kBlock - 1) / kBlock * kBlock;
    position_ = file.offset + std::min<std::uint64_t>(padded, archive_.size() - file.offset);

    switch (type) {
      case '0':
      case '\0':
      case '7':
        if (file.name.ends_with('/')) break;  // a directory, in the oldest archives
        if (file.name.empty()) throw DataError(concat("the file at offset ", at, " has no name"));
        return file;
      case '1':
      case '2': file.link = overrides.link ? *overrides.link : std::string(text_of(header, kLink)); return file;
      case 'L': overrides.name = text(file.offset, file.bytes); break;
      case 'K': overrides.link = text(file.offset, file.bytes); break;
      case 'x':
      case 'g': read_records(text(file.offset, file.bytes), file.offset, type == 'g', overrides); break;
      case '3':
      case '4':
      case '5':
      case '6':
      case 'V': break;  // devices, directories, pipes, the archive's label: no files
      case 'S': throw DataError(concat(file.name, " at offset ", at, " is a sparse file; pack without --sparse"));
      default:
        throw DataError(concat(file.name, " at offset ", at, " is of type '", type, "', which is not read; pack with ",
                               "tar's --format=pax or --format=ustar"));
    }
    if (!describes_next) overrides = {};
  }
}

void TarReader::read_end() {
  const std::uint64_t at = position_;
  const auto rest = archive_.subspan(at);
  if (rest.size() < 2 * kBlock) {
    throw DataError(concat("at offset ", at, " it ends without the two blocks of zeros that end an archive"));
  }
  const auto other = std::ranges::find_if(rest, [](std::byte byte) { return byte != std::byte{0}; });
  if (other == rest.end()) return;
  throw DataError(concat("its end is at offset ", at, ", but other bytes follow at offset ",
                         at + (other - rest.begin()), "; give archives that were joined one by one"));
}

std::string_view TarReader::text(std::uint64_t offset, std::uint64_t bytes) const {
  if (bytes > kLongestText) {
    throw DataError(
        concat("the name at offset ", offset, " is of ", bytes, " bytes; at most ", kLongestText, " are read"));
  }
  std::string_view text(reinterpret_cast<const char*>(archive_.data()) + offset, bytes);
  while (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

/// Records "LENGTH KEY=VALUE\n" (POSIX.1-2001, "pax Extended Header").
void TarReader::read_records(std::string_view records, std::uint64_t offset, bool global, Overrides& overrides) const {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<std::size_t>(end - records.data());
    const bool framed = error == std::errc() && length > digits + 1 && length <= records.size() &&
                        records[digits] == ' ' && records[length - 1] == '\n';
    const std::string_view record = framed ? records.substr(digits + 1, length - digits - 2) : "";
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) throw DataError(concat("the pax records at offset ", offset, " are damaged"));
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key.starts_with("GNU.sparse")) {
      throw DataError(concat("the file described at offset ", offset, " is sparse; pack without --sparse"));
    }
    if (global && (key == "path" || key == "size" || key == "linkpath")) {
      throw DataError(concat("the pax records at offset ", offset, " give all files one ", key));
    }
    if (key == "path") overrides.name = value;
    if (key == "linkpath") overrides.link = value;
    if (key == "size") {
      std::uint64_t bytes = 0;
      const auto [rest, wrong] = std::from_chars(value.data(), value.data() + value.size(), bytes);
      if (wrong != std::errc() || rest != value.data() + value.size()) {
        throw DataError(concat("the pax records at offset ", offset, " give a size that is no number"));
      }
      overrides.bytes = bytes;
    }
    records.remove_prefix(length);
  }
}

}  // namespace data
