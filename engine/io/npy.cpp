#include "engine/io/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace engine {
namespace {

static_assert(std::endian::native == std::endian::little, "little-endian files are read as they are");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kMaxHeaderBytes = 65535;  // what version 1 allows; only records with many fields need more
constexpr std::size_t kAlignment = 64;          // of the elements in the files that we write, as NumPy does

/// The element types as NumPy's "descr" has them behind the byte order: "f4".
struct Element {
  std::string_view code;
  StoredType type;
};
constexpr Element kElements[] = {
    {"f2", StoredType::f16}, {"f4", StoredType::f32}, {"f8", StoredType::f64}, {"i1", StoredType::i8},
    {"i2", StoredType::i16}, {"i4", StoredType::i32}, {"i8", StoredType::i64}, {"u1", StoredType::u8},
    {"u2", StoredType::u16}, {"u4", StoredType::u32}, {"u8", StoredType::u64}, {"b1", StoredType::boolean},
};

/// "3 x 4"
std::string product_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t dimension : shape) text += concat(text.empty() ? "" : " x ", dimension);
  return text.empty() ? "1" : text;
}

/// The number of bytes; nothing if no file has so many.
std::optional<std::size_t> bytes_of(StoredType type, std::span<const std::int64_t> shape) {
  auto bytes = static_cast<std::int64_t>(size_of(type));
  bool too_many = false;
  for (const std::int64_t dimension : shape) {  // also behind a dimension of 0, which must not hide an absurd one
    std::int64_t product = 0;
    too_many |= dimension < 0 || __builtin_mul_overflow(bytes, std::max<std::int64_t>(dimension, 1), &product);
    bytes = too_many ? bytes : product;
  }
  if (too_many) return std::nullopt;
  const bool none = std::find(shape.begin(), shape.end(), 0) != shape.end();
  return none ? 0 : static_cast<std::size_t>(bytes);
}

/// Reads the dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. Every function returns nothing, or
/// false, if the text is not what it reads.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text) {}

  std::string descr;
  bool plain = true;  // otherwise the type is a record, and `descr` is empty
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  bool too_large = false;  // a dimension does not fit 64 bits

  bool read() {
    if (!take('{')) return false;
    bool has_descr = false, has_order = false, has_shape = false;
    while (!take('}')) {
      const auto key = read_string();
      if (!key || !take(':')) return false;
      bool known = false;
      if (*key == "descr") known = !std::exchange(has_descr, true) && read_descr();
      if (*key == "fortran_order") known = !std::exchange(has_order, true) && read_order();
      if (*key == "shape") known = !std::exchange(has_shape, true) && read_shape();
      if (!known) return false;
      if (!take(',') && !looking_at('}')) return false;
    }
    skip_spaces();
    return has_descr && has_order && has_shape && text_.empty();
  }

 private:
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size())); }
  bool looking_at(char c) {
    skip_spaces();
    return text_.starts_with(c);
  }
  bool take(char c) {
    if (!looking_at(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> read_string() {
    const char quote = looking_at('"') ? '"' : '\'';
    if (!take(quote)) return std::nullopt;
    const std::size_t end = text_.find(quote);
    if (end == text_.npos || text_.substr(0, end).find('\\') != text_.npos) return std::nullopt;
    std::string value(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return value;
  }

  bool read_descr() {
    if (!looking_at('[')) {
      auto text = read_string();
      if (!text) return false;
      descr = std::move(*text);
      return true;
    }
    plain = false;  // a list of fields: only its end matters, since it is refused
    int depth = 0;
    do {
      if (take('[')) {
        ++depth;
      } else if (take(']')) {
        --depth;
      } else if (looking_at('\'') || looking_at('"')) {
        if (!read_string()) return false;
      } else {
        skip_spaces();
        if (text_.empty()) return false;
        text_.remove_prefix(1);
      }
    } while (depth > 0);
    return true;
  }

  bool read_order() {
    fortran_order = take("True");
    return fortran_order || take("False");
  }

  bool read_shape() {
    if (!take('(')) return false;
    while (!take(')')) {
      skip_spaces();
      const char *begin = text_.data(), *end = begin + text_.size();
      std::int64_t dimension = 0;
      const auto [behind, error] = std::from_chars(begin, end, dimension);
      if (error == std::errc::invalid_argument || dimension < 0) return false;
      too_large |= error == std::errc::result_out_of_range;
      text_.remove_prefix(static_cast<std::size_t>(behind - begin));
      take('L');  // Python 2 wrote long numbers so
      shape.push_back(dimension);
      if (!take(',') && !looking_at(')')) return false;
    }
    return true;
  }

  std::string_view text_;
};

/// Reads a file. All errors begin with its name.
class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::string& name)
      : file_(reinterpret_cast<const char*>(file.data()), file.size()), bytes_(file), name_(name) {}

  NpyArray read() {
    const std::size_t begin = read_preamble();
    Header header(file_.substr(begin, header_bytes_));
    if (!header.read()) fail("the header is not a dictionary of 'descr', 'fortran_order' and 'shape'");
    NpyArray array{.type = read_type(header), .shape = header.shape, .bytes = {}};
    const auto wanted = header.too_large ? std::nullopt : bytes_of(array.type, array.shape);
    if (!wanted) {
      refuse("the header promises ", header.too_large ? "more" : product_text(array.shape),
             " elements, which no file holds; the file is damaged");
    }
    if (header.fortran_order && array.shape.size() > 1) {
      refuse(
          "the array is in Fortran order (columns first); save it in C order: numpy.save(file, "
          "numpy.ascontiguousarray(array))");
    }
    array.bytes = bytes_.subspan(begin + header_bytes_);
    const std::size_t got = array.bytes.size();
    const auto promise = [&] {
      return concat(product_text(array.shape), " elements of ", size_of(array.type), " bytes = ", *wanted, " bytes");
    };
    if (got < *wanted) {
      refuse("the file is truncated: its header promises ", promise(), ", it has ", got, "; save or copy it again");
    }
    if (got > *wanted) {
      refuse("the file goes on after the ", promise(), " that its header promises; it must hold one array, saved once");
    }
    return array;
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    throw DataError(concat(name_, ": ", parts...));
  }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    refuse(parts..., "; the file is damaged or not a .npy file");
  }

  /// Reads what comes before the header; returns where the header begins.
  std::size_t read_preamble() {
    if (file_.starts_with("PK\x03\x04")) {
      refuse("this is a zip archive, as numpy.savez and torch.save write; save one array with numpy.save");
    }
    if (!file_.starts_with(kMagic)) fail("the file does not begin with \"\\x93NUMPY\"");
    const std::size_t behind_version = kMagic.size() + kVersionBytes;
    if (file_.size() < behind_version) fail("the file ends inside its first ", behind_version, " bytes");
    const int version = static_cast<unsigned char>(file_[kMagic.size()]);
    if (version < 1 || version > 3) fail("the format has version ", version, ", and versions 1 to 3 can be read");
    const std::size_t length_bytes = version == 1 ? 2 : 4, begin = behind_version + length_bytes;
    if (file_.size() < begin) fail("the file ends inside its first ", begin, " bytes");
    std::uint32_t length = 0;
    std::memcpy(&length, file_.data() + behind_version, length_bytes);
    if (length > kMaxHeaderBytes) {
      fail("the header claims ", length, " bytes, and at most ", kMaxHeaderBytes, " are allowed");
    }
    if (length > file_.size() - begin) {
      fail("the header claims ", length, " bytes, but only ", file_.size() - begin, " follow");
    }
    header_bytes_ = length;
    return begin;
  }

  StoredType read_type(const Header& header) const {
    const std::string& descr = header.descr;
    constexpr std::string_view kRemedy = "; save numbers instead: numpy.save(file, array.astype('float32'))";
    if (!header.plain) refuse("the array holds records (a structured dtype)", kRemedy);
    if (descr.starts_with("|O") || descr == "O") {
      refuse("the array holds Python objects (dtype object), which only Python can read", kRemedy);
    }
    const std::string_view order = std::string_view(descr).substr(0, 1),
                           code = std::string_view(descr).substr(order.size());
    const auto* element = std::find_if(std::begin(kElements), std::end(kElements),
                                       [&](const Element& each) { return each.code == code; });
    if (element == std::end(kElements) || (order != "<" && order != "|" && order != ">")) {
      refuse("the dtype '", descr, "' cannot be read, only float16, float32, float64, integers and bool", kRemedy);
    }
    if (order == ">" && size_of(element->type) > 1) {
      refuse("the numbers are big-endian (dtype '", descr,
             "'); save them little-endian: numpy.save(file, array.astype('<", code, "'))");
    }
    return element->type;
  }

  std::string_view file_;
  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::size_t header_bytes_ = 0;
};

}  // namespace

NpyArray parse_npy(std::span<const std::byte> file, const std::string& name) { return Reader(file, name).read(); }

void save_npy(const std::filesystem::path& path, const NpyArray& array) {
  EXPECTS(array.type != StoredType::bf16, path.string(), ": NumPy has no bfloat16; save float32 instead");
  EXPECTS(bytes_of(array.type, array.shape) == array.bytes.size(), path.string(), ": the array has ",
          array.bytes.size(), " bytes, which does not fit ", product_text(array.shape), " elements of ",
          numpy_name(array.type));
  const auto* element = std::find_if(std::begin(kElements), std::end(kElements),
                                     [&](const Element& each) { return each.type == array.type; });
  std::string header = concat("{'descr': '", size_of(array.type) == 1 ? '|' : '<', element->code,
                              "', 'fortran_order': False, 'shape': (");
  for (std::size_t i = 0; i < array.shape.size(); ++i) header += concat(i == 0 ? "" : ", ", array.shape[i]);
  header += array.shape.size() == 1 ? ",), }" : "), }";
  const std::size_t before = kMagic.size() + kVersionBytes + 2;
  header.append((kAlignment - (before + header.size() + 1) % kAlignment) % kAlignment, ' ').append("\n");
  EXPECTS(header.size() <= kMaxHeaderBytes, path.string(), ": the array has too many dimensions");
  const auto length = static_cast<std::uint16_t>(header.size());
  const std::uint8_t version[kVersionBytes] = {1, 0};

  AtomicFile file(path);
  file.write(kMagic);
  file.write(std::as_bytes(std::span(version)));
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  file.write(array.bytes);
  file.commit();
}

}  // namespace engine
