#include "apps/measure/embeddings.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>

#include "apps/settings/limits.h"
#include "engine/io/npy.h"
#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

using engine::concat;
using engine::DataError;

constexpr std::int64_t kMostRows = 2 * kLargestBatch;  // two views

std::string describe(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t dimension : shape) text += concat(text.empty() ? "" : ",", dimension);
  return "[" + text + "]";
}

/// A file's path, and the tensor in it that is meant; empty: its only one.
struct Place {
  std::filesystem::path path;
  std::string tensor;
};

/// Splits "FILE.safetensors:NAME", unless there is a file of that very name.
Place place_of(const std::string& text, const std::string& tensor) {
  constexpr std::string_view kEnd = ".safetensors:";
  const std::size_t found = text.rfind(kEnd);
  std::error_code ignored;
  Place place{.path = text, .tensor = tensor};
  if (found != text.npos && !std::filesystem::exists(text, ignored)) {
    place = {.path = text.substr(0, found + kEnd.size() - 1), .tensor = text.substr(found + kEnd.size())};
  }
  if (!std::filesystem::exists(place.path, ignored)) throw DataError("there is no file " + place.path.string());
  return place;
}

/// An array in a file of either format, which is told by the contents.
class ArrayFile {
 public:
  ArrayFile(const std::string& text, const std::string& tensor) : place_(place_of(text, tensor)), file_(place_.path) {
    const std::string_view begin(reinterpret_cast<const char*>(file_.bytes().data()),
                                 std::min<std::size_t>(file_.bytes().size(), 6));
    const bool archive = begin.starts_with("PK\x03\x04");  // the reader says what to do
    if (begin.starts_with("\x93NUMPY") || archive || place_.path.extension() == ".npy") {
      array_ = engine::parse_npy(file_.bytes(), name());
    } else {
      const engine::SafetensorsContents contents = engine::parse_safetensors(file_.bytes(), name());
      const engine::StoredTensor& chosen = choose(contents.tensors);
      array_ = {.type = chosen.type, .shape = chosen.shape, .bytes = chosen.bytes};
    }
  }

  std::string name() const { return place_.path.string(); }
  const engine::NpyArray& array() const { return array_; }

 private:
  const engine::StoredTensor& choose(const std::vector<engine::StoredTensor>& tensors) const {
    std::string names;
    for (const engine::StoredTensor& tensor : tensors) {
      if (tensor.name == place_.tensor || (place_.tensor.empty() && tensors.size() == 1)) return tensor;
      names += (names.empty() ? "" : ", ") + tensor.name;
    }
    if (tensors.empty()) throw DataError(name() + ": there is no tensor in it");
    throw DataError(place_.tensor.empty()
                        ? concat(name(), ": which of its ", tensors.size(), " tensors? Give --tensor NAME: ", names)
                        : concat(name(), ": there is no tensor '", place_.tensor, "', only ", names));
  }

  Place place_;
  engine::MappedFile file_;
  engine::NpyArray array_;
};

Rows read_rows(const std::string& text, const std::string& tensor) {
  const ArrayFile file(text, tensor);
  const auto& [type, shape, bytes] = file.array();
  if (!engine::is_floating_point(type)) {
    throw DataError(concat(file.name(), ": embeddings must be floating-point numbers, got ", engine::numpy_name(type),
                           "; save them with astype('float32')"));
  }
  if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0) {
    throw DataError(concat(file.name(), ": embeddings must have the shape [rows,d], one row for each image, got ",
                           describe(shape)));
  }
  if (shape[0] > kMostRows || shape[1] > kMostDimensions) {
    throw DataError(concat(file.name(), ": at most ", kMostRows, " rows of ", kMostDimensions,
                           " numbers can be measured, got ", describe(shape), "; take a part of them"));
  }
  Rows rows{.values = std::vector<float>(static_cast<std::size_t>(shape[0] * shape[1])), .columns = shape[1]};
  engine::to_floats(type, bytes, rows.values);
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    if (std::isfinite(rows.values[i])) continue;
    throw DataError(concat(file.name(), ": row ", static_cast<std::int64_t>(i) / shape[1],
                           " (counted from 0) is not finite: it has NaN, an infinite number, or one too large for f32; "
                           "leave such rows out"));
  }
  return rows;
}

/// One whole number per row or image.
std::vector<std::int64_t> read_numbers(const std::string& path, const char* what) {
  const ArrayFile file(path, {});
  const auto& [type, shape, bytes] = file.array();
  if (engine::is_floating_point(type)) {
    throw DataError(concat(file.name(), ": ", what, " must be whole numbers, got ", engine::numpy_name(type),
                           "; save them with astype('int64')"));
  }
  if (shape.size() != 1) {
    throw DataError(
        concat(file.name(), ": ", what, " must have the shape [rows], one whole number each, got ", describe(shape)));
  }
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(shape[0]));
  engine::to_whole_numbers(type, bytes, numbers);
  return numbers;
}

/// Rows i and i + n show the same image.
std::vector<std::int64_t> image_of_row(std::int64_t rows, bool two_views) {
  std::vector<std::int64_t> images;
  for (std::int64_t i = 0; i < rows; ++i) images.push_back(two_views ? i % (rows / 2) : i);
  return images;
}

void append_second_view(Rows& rows, const MeasureSettings& settings) {
  const Rows second = read_rows(settings.second_view, settings.tensor);
  const auto shape = [](const Rows& view) { return describe(std::array{view.count(), view.columns}); };
  if (rows.count() != second.count() || rows.columns != second.columns) {
    throw DataError(concat(settings.second_view, ": two views must have the same shape, got ", shape(second),
                           " beside ", shape(rows), " of ", settings.embeddings));
  }
  rows.values.insert(rows.values.end(), second.values.begin(), second.values.end());
}

Partition read_images(const Embeddings& embeddings, const MeasureSettings& settings) {
  const std::int64_t rows = embeddings.rows.count();
  if (settings.images.empty()) return Partition::of(image_of_row(rows, embeddings.two_views));
  const std::vector<std::int64_t> numbers = read_numbers(settings.images, "image numbers");
  if (static_cast<std::int64_t>(numbers.size()) != rows) {
    throw DataError(concat(settings.images, ": ", numbers.size(), " image numbers do not fit the ", rows, " rows of ",
                           settings.embeddings));
  }
  return Partition::of(numbers);
}

Partition read_label_set(const std::string& path, const Embeddings& embeddings) {
  std::vector<std::int64_t> values = read_numbers(path, "labels");
  const auto rows = static_cast<std::size_t>(embeddings.rows.count());
  if (embeddings.two_views && values.size() * 2 == rows) {  // of images: the same in both views
    values.resize(rows);
    std::copy_n(values.begin(), rows / 2, values.begin() + static_cast<std::ptrdiff_t>(rows / 2));
  }
  if (values.size() != rows) {
    throw DataError(concat(path, ": ", values.size(), " labels do not fit ", rows, " rows",
                           embeddings.two_views ? concat(" of ", rows / 2, " images") : ""));
  }
  return Partition::of(values);
}

}  // namespace

Embeddings read_embeddings(const MeasureSettings& settings) {
  Embeddings embeddings{.rows = read_rows(settings.embeddings, settings.tensor), .images = {}};
  if (!settings.second_view.empty()) append_second_view(embeddings.rows, settings);
  const std::int64_t rows = embeddings.rows.count();
  embeddings.two_views = settings.images.empty() && (settings.views == 2 || !settings.second_view.empty());
  if (embeddings.two_views && rows % 2 != 0) {
    throw DataError(concat(settings.embeddings, ": two stacked views have an even number of rows, got ", rows,
                           "; give the second view as a file of its own, or --views 1 if there is only one view"));
  }
  embeddings.images = read_images(embeddings, settings);
  if (embeddings.images.parts < 2) {
    throw DataError(concat(settings.embeddings, ": ", rows, rows == 1 ? " row" : " rows",
                           " of one image tell nothing; give at least two images"));
  }
  for (const auto& [name, path] : settings.labels) {
    embeddings.labels.push_back({.name = name, .values = read_label_set(path, embeddings)});
  }
  return embeddings;
}

}  // namespace apps
