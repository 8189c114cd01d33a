#include "data/source.h"

#include <algorithm>
#include <exception>

#include "kernels/runtime/error.h"

namespace data {

int InputLayout::label_count() const {
  int count = 0;
  for (const LabelSet& set : labels) count += set.per_example;
  return count;
}

std::optional<std::size_t> InputLayout::find(std::string_view label_set) const {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i].name == label_set) return i;
  if (label_set == kClassLabel && !labels.empty()) return 0;
  return {};
}

std::uint8_t* Example::resize(const Extent& to, int channels) {
  extent = to;
  pixels.resize(static_cast<std::size_t>(to.pixels() * channels));
  return pixels.data();
}

Example& Example::scratch() {
  if (!scratch_) scratch_ = std::make_shared<Example>();
  scratch_->times = times;
  return *scratch_;
}

void Source::fingerprint(engine::Sha256& hash) const {
  const InputLayout& of = layout();
  std::vector<std::int64_t> sizes{size()};  // different shapes give different hashes even for equal bytes
  if (of.extent) sizes.insert(sizes.end(), {of.extent->height, of.extent->width});
  sizes.push_back(of.channels);
  hash.update(std::as_bytes(std::span(sizes)));
  constexpr std::int64_t kBytesAtOnce = 1 << 20, kImagesAtOnce = 256;
  const std::int64_t bytes = of.extent ? of.extent->pixels() * of.channels : 0;
  const std::int64_t at_once = bytes > 0 ? std::max<std::int64_t>(kBytesAtOnce / bytes, 1) : kImagesAtOnce;
  std::vector<Example> examples(static_cast<std::size_t>(std::min(at_once, size())));
  for (std::int64_t begin = 0; begin < size(); begin += at_once) {
    const std::int64_t count = std::min(at_once, size() - begin);
    std::exception_ptr failure;  // an exception must not leave an OpenMP region
#pragma omp parallel for schedule(dynamic, 8)
    for (std::int64_t i = 0; i < count; ++i) {
      try {
        read({.example = begin + i, .fetch = static_cast<std::uint64_t>(begin + i)}, {},
             examples[static_cast<std::size_t>(i)]);
      } catch (...) {
#pragma omp critical
        failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    for (std::int64_t i = 0; i < count; ++i) {
      const Example& example = examples[static_cast<std::size_t>(i)];
      if (!of.extent) {
        const std::int64_t extent[] = {example.extent.height, example.extent.width};
        hash.update(std::as_bytes(std::span(extent)));
      }
      hash.update(std::as_bytes(std::span(example.pixels)));
    }
    for (std::int64_t i = 0; i < count; ++i)
      hash.update(std::as_bytes(std::span(examples[static_cast<std::size_t>(i)].labels)));
  }
}

engine::Shape image_shape(const Source& source) {
  const InputLayout& layout = source.layout();
  if (!layout.extent) {
    throw engine::DataError(engine::concat(source.describe(),
                                           " has images of different sizes, and a network needs one; ",
                                           "give --image-size, or use resize(SOURCE, size=N)"));
  }
  return {layout.extent->height, layout.extent->width, layout.channels};
}

engine::Shape view_shape(const Source& source) {
  const InputLayout& layout = source.layout();
  if (layout.view) return {layout.view->height, layout.view->width, layout.channels};
  return image_shape(source);
}

std::string fingerprint(const Source& source) {
  engine::Sha256 hash;
  source.fingerprint(hash);
  return hash.hexadecimal();
}

}  // namespace data
