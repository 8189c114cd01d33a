#include "engine/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "engine/io/files.h"
#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace engine {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr char kMetadata[] = "__metadata__";

/// Number of bytes of a tensor; nothing for a negative dimension or if the product overflows.
std::optional<std::uint64_t> bytes_of(StoredType type, std::span<const std::int64_t> shape) {
  auto bytes = static_cast<std::int64_t>(size_of(type));
  for (const std::int64_t dimension : shape) {
    if (dimension < 0 || __builtin_mul_overflow(bytes, dimension, &bytes)) return std::nullopt;
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string describe(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t dimension : shape) text.append(text.empty() ? "[" : ",").append(std::to_string(dimension));
  return text.empty() ? "[]" : text + "]";
}

/// Reads a header. All errors begin with the file's name.
class Reader {
 public:
  Reader(const std::string& name, std::span<const std::byte> file) : name_(name), file_(file) {}

  SafetensorsContents read() {
    SafetensorsContents contents;
    auto& [tensors, metadata] = contents;
    const Json header = parse_header();
    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadata) {
        metadata = read_metadata(entry);
      } else {
        tensors.push_back(read_tensor(name, entry));
      }
    }
    std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
      return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
    });
    check_coverage(tensors);
    return contents;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw DataError(concat(name_, ": ", parts..., "; the file is damaged or not a safetensors file"));
  }

  Json parse_header() {
    if (file_.size() < kLengthBytes) fail("expected at least 8 bytes, got ", file_.size());
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), kLengthBytes);
    if (length > kMaxHeaderBytes) fail("the header claims ", length, " bytes, and at most 100 MB are allowed");
    if (length > file_.size() - kLengthBytes) {
      fail("the header claims ", length, " bytes, but only ", file_.size() - kLengthBytes, " follow");
    }
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + kLengthBytes, length);
    if (!text.starts_with('{')) fail("the header must begin with '{'");
    if (json_is_too_deep(text)) fail("the header nests deeper than ", kDeepestJson, " levels");
    data_ = file_.subspan(kLengthBytes + length);

    std::vector<std::set<std::string>> keys;  // of every object that is still open
    std::string repeated;
    const auto notice_repeats = [&](int, Json::parse_event_t event, Json& value) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
        repeated = value.get<std::string>();
      }
      return true;
    };
    const Json header = Json::parse(text, notice_repeats, /*allow_exceptions=*/false);
    if (header.is_discarded()) fail("the header is not valid JSON");
    if (!repeated.empty()) fail("the header has '", repeated, "' twice");
    return header;
  }

  std::map<std::string, std::string> read_metadata(const Json& entry) const {
    if (!entry.is_object()) fail(kMetadata, " must be an object of strings");
    std::map<std::string, std::string> metadata;
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(kMetadata, " must hold strings only, but '", key, "' is ", value.dump());
      metadata[key] = value.get<std::string>();
    }
    return metadata;
  }

  StoredTensor read_tensor(const std::string& name, const Json& entry) const {
    if (!entry.is_object()) fail("tensor '", name, "' must be an object");
    for (const auto& [key, value] : entry.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets")
        fail("tensor '", name, "' has an unknown field '", key, "'");
    }
    if (entry.size() != 3) fail("tensor '", name, "' must have dtype, shape and data_offsets");
    StoredTensor tensor{.name = name, .type = read_type(name, entry["dtype"]), .shape = {}, .bytes = {}};

    for (const std::uint64_t dimension : read_numbers(name, "shape", entry["shape"])) {
      tensor.shape.push_back(static_cast<std::int64_t>(dimension));
    }
    const auto offsets = read_numbers(name, "data_offsets", entry["data_offsets"]);
    if (offsets.size() != 2) fail("data_offsets of tensor '", name, "' must be two numbers");
    const std::uint64_t begin = offsets[0], end = offsets[1];
    if (begin > end || end > data_.size()) {
      fail("tensor '", name, "' has bytes ", begin, " to ", end, ", but the data has ", data_.size());
    }
    if (bytes_of(tensor.type, tensor.shape) != end - begin) {
      fail("tensor '", name, "' has ", end - begin, " bytes, which does not fit ", engine::name(tensor.type), " ",
           describe(tensor.shape));
    }
    tensor.bytes = data_.subspan(begin, end - begin);
    return tensor;
  }

  StoredType read_type(const std::string& name, const Json& value) const {
    if (!value.is_string()) fail("dtype of tensor '", name, "' must be a string");
    std::string known;
    for (const StoredType type : kStoredTypes) {
      if (value == engine::name(type)) return type;
      known.append(known.empty() ? "" : ", ").append(engine::name(type));
    }
    throw DataError(concat(name_, ": tensor '", name, "' has dtype ", value.get<std::string>(), ", and only ", known,
                           " can be read; convert it first"));
  }

  std::vector<std::uint64_t> read_numbers(const std::string& name, const char* field, const Json& value) const {
    const auto is_count = [](const Json& number) {
      return number.is_number_unsigned() && number.get<std::uint64_t>() <= INT64_MAX;
    };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_count)) {
      fail(field, " of tensor '", name, "' must be an array of whole numbers from 0");
    }
    return value.get<std::vector<std::uint64_t>>();
  }

  /// Checks that every byte of the data belongs to exactly one tensor.
  void check_coverage(const std::vector<StoredTensor>& tensors) const {
    std::size_t covered = 0;
    for (const StoredTensor& tensor : tensors) {
      const auto begin = static_cast<std::size_t>(tensor.bytes.data() - data_.data());
      if (begin > covered) fail("bytes ", covered, " to ", begin, " of the data belong to no tensor");
      if (begin < covered) fail("tensor '", tensor.name, "' overlaps the one before it");
      covered += tensor.bytes.size();
    }
    if (covered != data_.size()) fail("bytes ", covered, " to ", data_.size(), " of the data belong to no tensor");
  }

  const std::string& name_;
  std::span<const std::byte> file_, data_;
};

}  // namespace

void save_safetensors(const std::filesystem::path& path, std::span<const StoredTensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(),
                   [](const StoredTensor* a, const StoredTensor* b) { return size_of(a->type) > size_of(b->type); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::set<std::string_view> names{kMetadata};
  std::uint64_t offset = 0;
  for (const StoredTensor* tensor : order) {
    EXPECTS(names.insert(tensor->name).second, path.string(), ": tensor name '", tensor->name,
            "' is reserved or given twice; every tensor needs a name of its own");
    EXPECTS(bytes_of(tensor->type, tensor->shape) == tensor->bytes.size(), path.string(), ": tensor '", tensor->name,
            "' has ", tensor->bytes.size(), " bytes, which does not fit ", engine::name(tensor->type), " ",
            describe(tensor->shape));
    header[tensor->name] = {{"dtype", engine::name(tensor->type)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + tensor->bytes.size()}}};
    offset += tensor->bytes.size();
  }
  std::string text = header.dump();
  text.append(-text.size() % 8, ' ');
  EXPECTS(text.size() <= kMaxHeaderBytes, path.string(), ": the header would have ", text.size(),
          " bytes, and at most 100 MB are allowed; split the file");

  AtomicFile file(path);
  const std::uint64_t length = text.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const StoredTensor* tensor : order) file.write(tensor->bytes);
  file.commit();
}

SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  return Reader(name, file).read();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), file_(path), contents_(parse_safetensors(file_.bytes(), path_.string())) {}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors().begin(), tensors().end(), [&](const auto& tensor) { return tensor.name == name; });
  return found == tensors().end() ? nullptr : &*found;
}

const StoredTensor& SafetensorsFile::at(std::string_view name) const {
  const StoredTensor* tensor = find(name);
  if (!tensor)
    throw DataError(concat(path_.string(), ": there is no tensor '", name, "' among its ", tensors().size()));
  return *tensor;
}

}  // namespace engine
