#include "data/compositions/resize.h"

#include <algorithm>
#include <span>
#include <utility>

#include "data/image/resize.h"
#include "kernels/runtime/error.h"

namespace data {

Resize::Resize(std::shared_ptr<const Source> source, const Options& options)
    : source_(std::move(source)), options_(options), layout_(source_->layout()) {
  const Extent& size = options.size;
  EXPECTS(std::min(size.height, size.width) >= 1 && std::max(size.height, size.width) <= kMostSide,
          "resize: expected sides of 1 to ", kMostSide, " pixels, got ", size.height, " x ", size.width);
  EXPECTS(layout_.channels == 1 || layout_.channels == 3, "resize: expected images with 1 or 3 channels, and ",
          source_->describe(), " has ", layout_.channels);
  EXPECTS(layout_.image_views == 1, "resize: ", source_->describe(),
          " has an image for each view; resize what it is made of");
  layout_.extent = size;
}

void Resize::read(const Visit& visit, const DecodeHint&, Example& example) const {
  thread_local ResizeScratch scratch;
  // Whichever side of the image is the shorter one, neither side then needs to grow.
  source_->read(visit, {.least_side = std::max(options_.size.height, options_.size.width)}, example);
  const StageTimer timer(example.times, Stage::resize);
  const Extent from = example.extent, to = options_.size;
  if (from == to) return;
  Example& result = example.scratch();
  std::uint8_t* out = result.resize(to, layout_.channels);
  const ConstImage image{.pixels = example.pixels.data(), .extent = from};
  if (options_.mode == Mode::squash) {
    resize(image, layout_.channels, to, out, scratch);
  } else {
    const Extent whole = covering(from, to);
    resize_part(image, layout_.channels, whole, centre(whole, to), out, scratch);
  }
  std::swap(example.pixels, result.pixels);
  std::swap(example.extent, result.extent);
}

void Resize::fingerprint(engine::Sha256& hash) const {
  source_->fingerprint(hash);
  const std::int64_t options[] = {options_.size.height, options_.size.width, static_cast<std::int64_t>(options_.mode)};
  hash.update(std::as_bytes(std::span(options)));
}

std::string Resize::describe() const {
  return engine::concat(source_->describe(), " resized to ", options_.size.height, " x ", options_.size.width,
                        options_.mode == Mode::crop ? " (crop)" : " (squash)");
}

}  // namespace data
