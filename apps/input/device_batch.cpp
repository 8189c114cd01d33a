#include "apps/input/device_batch.h"

#include <algorithm>
#include <chrono>
#include <span>

#include "kernels/augment.h"
#include "kernels/draw_augmentations.h"
#include "kernels/label_targets.h"
#include "kernels/runtime/error.h"

namespace apps {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

DeviceBatch::DeviceBatch(const engine::Context& context, const data::Source& source, std::int64_t batch_size)
    : layout_(source.layout()), view_(data::view_shape(source)) {
  offsets_ = Tensor::empty(context, {layout_.image_views, batch_size}, Dtype::i64);
  extents_ = Tensor::empty(context, {batch_size, 2}, Dtype::i32);
  if (layout_.extent) {
    const std::int64_t image_bytes = data::image_shape(source).elements();
    std::vector<std::int64_t> offsets;
    for (std::int64_t view = 0; view < layout_.image_views; ++view) {
      for (std::int64_t i = 0; i < batch_size; ++i) offsets.push_back((i * layout_.image_views + view) * image_bytes);
    }
    offsets_.upload(std::span<const std::int64_t>(offsets));
    pixels_ = Tensor::empty(context, {batch_size * layout_.image_views * image_bytes}, Dtype::u8);
  }
  counters_ = Tensor::empty(context, {batch_size}, Dtype::i64);
  bits_ = Tensor::empty(context, {layout_.bit_views, batch_size}, Dtype::i64);
  for (const data::LabelSet& set : layout_.labels)
    labels_.push_back(Tensor::empty(context, {batch_size, set.per_example}, Dtype::i32));
}

bool DeviceBatch::upload(const data::HostBatch& batch) {
  EXPECTS(batch.capacity() == size(), "batch: expected ", size(), " images, got ", batch.capacity());
  bool moved = false;
  if (layout_.extent) {
    EXPECTS(batch.images.size() == pixels_.bytes(), "batch: expected ", pixels_.bytes(), " bytes of images, got ",
            batch.images.size());
    const engine::HostPiece images{batch.images.data(), batch.images.size(), 0};
    pixels_.upload_ahead({&images, 1});
  } else {
    moved = upload_ragged(batch);
  }
  extents_.upload_bytes(batch.extents.data());
  counters_.upload_bytes(batch.counters.data());
  bits_.upload_bytes(batch.bits.data());
  if (batch.first_counter) {
    if (!first_counter_) first_counter_ = Tensor::empty(counters_.context(), {1}, Dtype::i64);
    first_counter_.upload_bytes(&*batch.first_counter);
  }
  for (std::size_t set = 0; set < labels_.size(); ++set) labels_[set].upload_bytes(batch.labels[set].data());
  return moved;
}

bool DeviceBatch::upload_ragged(const data::HostBatch& batch) {
  constexpr std::int64_t kAlignment = 16;
  std::vector<std::int64_t> offsets(batch.ragged.size());  // in the order of batch.ragged: [B,image_views]
  std::int64_t bytes = 0;
  const std::int64_t longest = *std::max_element(batch.extents.begin(), batch.extents.end());
  if (!kernels::can_resample(longest, std::max(view_[0], view_[1]))) {
    throw engine::DataError(engine::concat("an image of the batch has ", longest,
                                           " pixels a side, which cannot be "
                                           "resized to views of ",
                                           view_[0], " x ", view_[1],
                                           "; give a smaller --image-size, or use resize(SOURCE, size=N)"));
  }
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    offsets[i] = bytes;
    bytes += (static_cast<std::int64_t>(batch.ragged[i].size()) + kAlignment - 1) / kAlignment * kAlignment;
  }
  std::vector<std::int64_t> by_view;  // [image_views,B]
  const auto views = static_cast<std::size_t>(layout_.image_views);
  for (std::size_t view = 0; view < views; ++view) {
    for (std::size_t i = view; i < offsets.size(); i += views) by_view.push_back(offsets[i]);
  }
  offsets_.upload(std::span<const std::int64_t>(by_view));
  const bool grows = !pixels_ || pixels_.elements() < bytes;
  if (grows) {
    pixels_ = {};  // before the larger one is allocated
    pixels_ = Tensor::empty(counters_.context(), {bytes + bytes / 4}, Dtype::u8);
  }
  std::vector<engine::HostPiece> images;
  for (std::size_t i = 0; i < offsets.size(); ++i)
    images.push_back({batch.ragged[i].data(), batch.ragged[i].size(), static_cast<std::size_t>(offsets[i])});
  pixels_.narrow(0, bytes).upload_ahead(images);
  return grows;
}

Tensor DeviceBatch::labels(std::string_view set) const {
  const std::size_t i = index_of(set);
  EXPECTS(layout_.labels[i].per_example == 1, "batch: an example has ", layout_.labels[i].per_example, " labels '", set,
          "', not one; use their shares");
  return labels_[i].view_as({labels_[i].shape()[0]});
}

Tensor DeviceBatch::targets(std::string_view set) const {
  const std::size_t i = index_of(set);
  return layout_.labels[i].per_example == 1 ? labels(set) : per_class(i, kernels::LabelTargets::Kind::shares);
}

Tensor DeviceBatch::indicators(std::string_view set) const {
  return per_class(index_of(set), kernels::LabelTargets::Kind::indicators);
}

std::size_t DeviceBatch::index_of(std::string_view set) const {
  const std::optional<std::size_t> index = layout_.find(set);
  EXPECTS(index.has_value(), "batch: the data have no labels '", set, "'");
  return *index;
}

Tensor DeviceBatch::per_class(std::size_t set, kernels::LabelTargets::Kind kind) const {
  const Tensor& labels = labels_[set];
  Tensor targets = Tensor::empty(labels.context(), {labels.shape()[0], layout_.labels[set].classes});
  kernels::label_targets(labels.context(), {.labels = labels, .kind = kind, .targets = targets});
  return targets;
}

Tensor DeviceBatch::drawn(const kernels::AugmentationRules& rules, std::int64_t seed, std::int64_t views) const {
  Tensor draws = Tensor::empty(counters_.context(), {views, size(), kernels::kDrawWords}, Dtype::i32);
  kernels::draw_augmentations(counters_.context(), {.seed = static_cast<std::uint64_t>(seed),
                                                    .rules = rules,
                                                    .height = view_[0],
                                                    .width = view_[1],
                                                    .extents = extents_,
                                                    .counters = counters_,
                                                    .draws = draws,
                                                    .first = first_counter_});
  return draws;
}

std::vector<kernels::AugmentationDraw> DeviceBatch::draws(const kernels::AugmentationRules& rules, std::int64_t seed,
                                                          std::int64_t views) const {
  const std::vector<std::int32_t> words = drawn(rules, seed, views).to_host<std::int32_t>();
  std::vector<kernels::AugmentationDraw> draws;
  for (std::size_t i = 0; i < words.size(); i += kernels::kDrawWords) draws.push_back(kernels::read_draw(&words[i]));
  return draws;
}

Tensor DeviceBatch::augmented_views(const kernels::AugmentationRules& rules, std::int64_t seed, std::int64_t views,
                                    Dtype dtype) const {
  const engine::LayerRange layer(counters_.context(), "augmentation");
  const auto begin = std::chrono::steady_clock::now();
  const int planes = layout_.bit_planes;
  Tensor y = Tensor::empty(counters_.context(), {views, size(), view_[0], view_[1], view_[2] + planes}, dtype);
  const Tensor draws = drawn(rules, seed, views);
  const auto make = [&](const Tensor& offsets, const Tensor& of_draws, const Tensor& bits, const Tensor& to) {
    kernels::augment(counters_.context(), {.rules = rules,
                                           .pixels = pixels_,
                                           .offsets = offsets,
                                           .extents = extents_,
                                           .draws = of_draws,
                                           .bits = bits,
                                           .y = to,
                                           .bit_planes = planes});
  };
  if (layout_.image_views == 1) {
    make(offsets_.view_as({size()}), draws, bits_of(views), y);
  } else {  // each view of its own image
    EXPECTS(views <= layout_.image_views, "batch: images for ", layout_.image_views, " views, asked for ", views);
    for (std::int64_t view = 0; view < views; ++view)
      make(offsets_.narrow(view, 1).view_as({size()}), draws.narrow(view, 1), bits_of_view(view), y.narrow(view, 1));
  }
  if (!counters_.context().on_cuda()) {
    augmenting_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }
  return y;
}

Tensor DeviceBatch::evaluation_images(const kernels::AugmentationRules& rules, Dtype dtype) const {
  const Tensor images = augmented_views(rules, 0, 1, dtype);
  const Shape& shape = images.shape();
  return images.view_as({shape[1], shape[2], shape[3], shape[4]});
}

/// [B] where all views share them, [views,B] where each has its own.
Tensor DeviceBatch::bits_of(std::int64_t views) const {
  if (layout_.bit_views == 1) return bits_.view_as({bits_.shape()[1]});
  EXPECTS(views <= layout_.bit_views, "batch: bits for ", layout_.bit_views, " views, asked for ", views);
  return bits_.narrow(0, views);
}

/// [B]
Tensor DeviceBatch::bits_of_view(std::int64_t view) const {
  return layout_.bit_views == 1 ? bits_of(1) : bits_.narrow(view, 1).view_as({size()});
}

}  // namespace apps
