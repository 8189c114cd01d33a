#include "data/compositions/resident.h"

#include <algorithm>
#include <cstring>

#include "kernels/runtime/error.h"

namespace data {

Resident::Resident(std::shared_ptr<const Source> source, Fingerprint fingerprint)
    : source_(std::move(source)),
      fingerprint_(fingerprint),
      image_bytes_(static_cast<std::size_t>(image_shape(*source_).elements())),
      label_count_(static_cast<std::size_t>(layout().label_count())),
      states_(static_cast<std::size_t>(size())) {
  EXPECTS(!source_->varies() && layout().bit_planes == 0, "resident: ", source_->describe(),
          " is not the same at every visit");
  // Not a vector, which would touch every page now.
  images_ = std::make_unique_for_overwrite<std::uint8_t[]>(states_.size() * image_bytes_);
  labels_ = std::make_unique_for_overwrite<std::int32_t[]>(states_.size() * label_count_);
}

std::int64_t Resident::bytes_needed(const Source& source) { return source.size() * image_shape(source).elements(); }

bool Resident::fits(const Source& source, std::int64_t bytes) {
  const InputLayout& layout = source.layout();
  return !source.varies() && layout.extent && layout.bit_planes == 0 && bytes_needed(source) <= bytes;
}

void Resident::read(const Visit& visit, const DecodeHint&, Example& example) const {
  if (visit.donor >= 0) return source_->read(visit, {}, example);  // not what is kept
  const auto i = static_cast<std::size_t>(visit.example);
  std::uint8_t* image = images_.get() + i * image_bytes_;
  std::int32_t* labels = labels_.get() + i * label_count_;
  if (states_[i].load(std::memory_order_acquire) == State::held) {
    std::memcpy(example.resize(*layout().extent, layout().channels), image, image_bytes_);
    example.labels.assign(labels, labels + label_count_);
    example.bits = {};
    return;
  }
  source_->read(visit, {}, example);
  State expected = State::empty;  // if another thread is filling it, this one has read for itself
  if (!states_[i].compare_exchange_strong(expected, State::filling, std::memory_order_relaxed)) return;
  std::memcpy(image, example.pixels.data(), image_bytes_);
  std::copy(example.labels.begin(), example.labels.end(), labels);
  states_[i].store(State::held, std::memory_order_release);
}

void Resident::fingerprint(engine::Sha256& hash) const {
  if (fingerprint_ == Fingerprint::of_source) return source_->fingerprint(hash);
  Source::fingerprint(hash);
}

}  // namespace data
