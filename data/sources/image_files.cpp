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
  const std::string contents =
      labels.classes > 0 ? concat(size(), " images of ", labels.classes, labels.classes == 1 ? " class" : " classes")
                         : concat(size(), " images without labels");
  const std::string name = splits.alike ? "" : split == Split::train ? "train, " : "test, ";
  description_ =
      concat(kind, ':', place, " (", name, contents, splits.alike ? ", the same to train and to test)" : ")");
  layout_.extent = common_extent();
}

template <class Work>
void ImageFiles::with_file(std::int64_t example, StageTimes* times, const Work& work) const {
  const std::uint32_t image = split_.images[static_cast<std::size_t>(example)];
  const std::span<const std::byte> file = [&] {
    const StageTimer timer(times, Stage::read);
    return split_.files->read(image, reading_of_this_thread().file);
  }();
  const StageTimer timer(times, Stage::decode);
  try {
    work(file);
  } catch (const DataError& reason) {
    throw DataError(concat("cannot decode ", split_.files->locate(image), ": ", reason.what(), "; replace or remove it",
                           skip_bad_ ? "" : ", or skip bad images with --skip-bad on"));
  }
}

std::optional<Extent> ImageFiles::common_extent() const {
  if (split_.images.size() > kMostLookedAt) return std::nullopt;
  std::optional<Extent> extent;
  std::string bad;  // why the last bad one is
  for (std::int64_t i = 0; i < size(); ++i) {
    Extent of_image;
    try {
      with_file(i, nullptr,
                [&](std::span<const std::byte> file) { of_image = reading_of_this_thread().decoder.size_of(file); });
    } catch (const DataError& reason) {
      if (!skip_bad_) throw;
      bad = reason.what();
      continue;
    }
    if (extent && of_image != *extent) return std::nullopt;
    extent = of_image;
  }
  if (!extent) throw DataError(concat(description_, ": no image can be read: ", bad));
  return extent;
}

void ImageFiles::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  std::int64_t from = visit.example;
  while (true) {
    try {
      decode(from, hint, example);
      break;
    } catch (const DataError& reason) {
      if (!skip_bad_) throw;
      skip_bad_->add(split_.files->locate(split_.images[static_cast<std::size_t>(from)]), reason.what());
      from = next_of_class(from);
      if (from == visit.example) {
        const auto of_class = label(from);
        throw DataError(concat(description_, ": no image", of_class ? concat(" of class ", *of_class) : "",
                               " can be read: ", reason.what()));
      }
    }
  }
  example.labels.clear();
  if (const auto label_of_visit = label(visit.example)) example.labels.push_back(*label_of_visit);
  example.bits = {};
}

void ImageFiles::decode(std::int64_t example, const DecodeHint& hint, Example& out) const {
  with_file(example, out.times, [&](std::span<const std::byte> file) {
    // Images of the one size that the layout promises are decoded to that size.
    reading_of_this_thread().decoder.decode(file, layout_.extent ? DecodeHint{} : hint, layout_.channels, out);
  });
  if (layout_.extent && out.extent != *layout_.extent) {
    throw DataError(concat(split_.files->locate(split_.images[static_cast<std::size_t>(example)]),
                           " has changed its size since it was listed"));
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
