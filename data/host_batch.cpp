#include "data/host_batch.h"

#include <algorithm>
#include <cstring>

#include "kernels/runtime/error.h"

namespace data {

HostBatch::HostBatch(const Source& source, std::int64_t count) : rows(count), layout_(source.layout()) {
  const auto n = static_cast<std::size_t>(count);
  extents.resize(2 * n);
  if (layout_.extent) {
    image_bytes_ = static_cast<std::size_t>(image_shape(source).elements());
    images.resize(n * image_views() * image_bytes_);
    for (std::size_t i = 0; i < n; ++i) set_extent(i, *layout_.extent);
  } else {
    ragged.resize(n * image_views());
  }
  counters.resize(n);
  bits.resize(n * static_cast<std::size_t>(layout_.bit_views));
  for (const LabelSet& set : layout_.labels) labels.emplace_back(n * static_cast<std::size_t>(set.per_example));
}

void HostBatch::store(std::int64_t row, const Visit& visit, Example& example) {
  const StageTimer timer(example.times, Stage::copy);
  const auto r = static_cast<std::size_t>(row);
  store_image(r * image_views(), visit.example, example.pixels);
  if (image_views() > 1) store_image(r * image_views() + 1, visit.example, example.second);
  if (!layout_.extent) set_extent(r, example.extent);
  counters[r] = visit.fetch;
  for (std::size_t view = 0; view < static_cast<std::size_t>(layout_.bit_views); ++view)
    bits[view * counters.size() + r] = example.bits[view];
  const std::int32_t* from = example.labels.data();
  for (std::size_t set = 0; set < labels.size(); ++set) {
    const std::int64_t count = layout_.labels[set].per_example;
    std::copy_n(from, count, labels[set].data() + row * count);
    from += count;
  }
}

void HostBatch::store_image(std::size_t at, std::int64_t example, std::vector<std::uint8_t>& pixels) {
  if (!layout_.extent) return ragged[at].swap(pixels);
  EXPECTS(pixels.size() == image_bytes_, "batch: example ", example, " has ", pixels.size(),
          " bytes of pixels instead of ", image_bytes_);
  std::memcpy(images.data() + at * image_bytes_, pixels.data(), image_bytes_);
}

void HostBatch::set_extent(std::size_t row, const Extent& extent) {
  extents[2 * row] = static_cast<std::int32_t>(extent.height);
  extents[2 * row + 1] = static_cast<std::int32_t>(extent.width);
}

HostBatch HostBatch::head(std::int64_t count) const {
  const auto n = static_cast<std::size_t>(count);
  HostBatch part = *this;
  part.rows = count;
  part.images.resize(n * image_views() * image_bytes_);
  if (!ragged.empty()) part.ragged.resize(n * image_views());
  part.extents.resize(2 * n);
  part.counters.resize(n);
  part.bits.clear();
  for (auto view = bits.begin(); view != bits.end(); view += capacity())
    part.bits.insert(part.bits.end(), view, view + count);
  for (std::size_t set = 0; set < labels.size(); ++set)
    part.labels[set].resize(n * static_cast<std::size_t>(layout_.labels[set].per_example));
  return part;
}

std::int64_t HostBatch::bytes() const {
  std::size_t all =
      images.size() + (counters.size() + bits.size()) * sizeof(std::uint64_t) + extents.size() * sizeof(std::int32_t);
  for (const std::vector<std::uint8_t>& image : ragged) all += image.size();
  for (const std::vector<std::int32_t>& set : labels) all += set.size() * sizeof(std::int32_t);
  return static_cast<std::int64_t>(all);
}

}  // namespace data
