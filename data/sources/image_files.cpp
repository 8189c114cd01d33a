#include "data/sources/image_files.h"

#include "data/image/decode.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

constexpr std::size_t kMostLookedAt = 100000;  // a second or two where all are of one size

/// What reading needs beside the example, kept between images.
struct Reading {
  ImageDecoder decoder;
  std::vector<std::byte> file;
};

Reading& reading_of_this_thread() {
  static thread_local Reading reading;
  return reading;
}

}  // namespace

ImageFiles::ImageFiles(const std::string& kind, const std::string& place, const ImageSplits& splits, Split split,
                       const Options& options)
    : split_(split == Split::train ? splits.train : splits.test), skip_bad_(options.skip_bad) {
  ImageLabels labels = options.labels ? label_images(splits, concat(kind, ": ", place)) : ImageLabels{};
  labels_ = std::move(split == Split::train ? labels.train : labels.test);
  layout_.channels = 3;
  if (labels.classes > 0) layout_.labels = {{.name = kClassLabel, .classes = labels.classes}};
  layout_.extent = common_extent();
  const std::string contents =
      labels.classes > 0 ? concat(size(), " images of ", labels.classes, labels.classes == 1 ? " class" : " classes")
                         : concat(size(), " images without labels");
  const std::string name = splits.alike ? "" : split == Split::train ? "train, " : "test, ";
  description_ =
      concat(kind, ':', place, " (", name, contents, splits.alike ? ", the same to train and to test)" : ")");
}

std::optional<Extent> ImageFiles::common_extent() const {
  std::optional<Extent> extent;
  Reading& reading = reading_of_this_thread();
  if (split_.images.size() > kMostLookedAt) return std::nullopt;
  for (const std::uint32_t image : split_.images) {
    try {
      const Extent of_image = reading.decoder.size_of(split_.files->read(image, reading.file));
      if (extent && of_image != *extent) return std::nullopt;
      extent = of_image;
    } catch (const DataError&) {
      if (!skip_bad_) return std::nullopt;  // the error comes when the image is read
    }
  }
  return extent;
}

void ImageFiles::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  std::int64_t from = visit.example;
  while (true) {
    try {
      decode(from, hint, example);
      break;
    } catch (const DataError& error) {
      if (!skip_bad_) throw;
      skip_bad_->add(split_.files->locate(split_.images[static_cast<std::size_t>(from)]), error.what());
    }
    from = next_of_class(from);
    if (from == visit.example) throw DataError(concat(description_, ": all images of a class are bad"));
  }
  example.labels.clear();
  if (const auto label_of_visit = label(visit.example)) example.labels.push_back(*label_of_visit);
  example.bits = {};
}

void ImageFiles::decode(std::int64_t example, const DecodeHint& hint, Example& out) const {
  const std::uint32_t image = split_.images[static_cast<std::size_t>(example)];
  Reading& reading = reading_of_this_thread();
  const std::span<const std::byte> file = split_.files->read(image, reading.file);
  try {
    // Images of the one size that the layout promises are decoded to that size.
    reading.decoder.decode(file, layout_.extent ? DecodeHint{} : hint, layout_.channels, out);
  } catch (const DataError& reason) {
    throw DataError(concat("cannot decode ", split_.files->locate(image), ": ", reason.what(),
                           "; replace or remove it, or skip bad images"));
  }
  if (layout_.extent && out.extent != *layout_.extent) {
    throw DataError(concat(split_.files->locate(image), " has changed its size since it was listed"));
  }
}

std::int64_t ImageFiles::next_of_class(std::int64_t example) const {
  if (labels_.empty()) return (example + 1) % size();
  const auto of_class = label(example);
  do { example = (example + 1) % size(); } while (label(example) != of_class);
  return example;
}

std::optional<std::int32_t> ImageFiles::label(std::int64_t example) const {
  if (labels_.empty()) return std::nullopt;
  return labels_[static_cast<std::size_t>(example)];
}

void ImageFiles::fingerprint(engine::Sha256& hash) const {
  const std::int64_t sizes[] = {size(), layout_.labels.empty() ? 0 : layout_.labels[0].classes};
  hash.update(std::as_bytes(std::span(sizes)));
  for (std::size_t i = 0; i < split_.images.size(); ++i) {
    const std::string_view name = split_.image_name(i);
    const std::int64_t numbers[] = {static_cast<std::int64_t>(name.size()),
                                    static_cast<std::int64_t>(split_.files->bytes(split_.images[i])),
                                    labels_.empty() ? -1 : labels_[i]};
    hash.update(std::as_bytes(std::span(numbers)));
    hash.update(std::as_bytes(std::span(name)));
  }
}

}  // namespace data
