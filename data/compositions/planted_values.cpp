#include "data/compositions/planted_values.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "data/splitmix.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {

using engine::concat;
using engine::DataError;

PlantedValues::PlantedValues(std::shared_ptr<const Source> source, Options options, Role role, std::uint64_t run_seed)
    : source_(std::move(source)),
      options_(std::move(options)),
      role_(role),
      run_seed_(run_seed),
      layout_(source_->layout()) {
  const std::vector<std::int32_t>& values = options_.values;
  if (role != Role::probe_test && static_cast<std::int64_t>(values.size()) != size()) {
    throw DataError(concat("planted: ", options_.file, " holds ", values.size(), " values, and there are ", size(),
                           " training images in ", source_->describe(), "; expected one for each"));
  }
  if (values.empty() || std::ranges::count(values, values.front()) == std::ssize(values)) {
    throw DataError(concat("planted: all values in ", options_.file,
                           " are the same; a feature that tells no images apart cannot be learnt"));
  }
  EXPECTS(layout_.bit_planes == 0, "planted: ", source_->describe(), " has ", layout_.bit_planes,
          " bit planes already; plant values in a source without bits");
  const std::int32_t largest = std::ranges::max(values);
  layout_.bit_planes = std::bit_width(static_cast<unsigned>(largest));
  if (redraws() && options_.redraw == Redraw::view) layout_.bit_views = Example::kMostViews;
  layout_.labels.push_back({.name = kLabel, .classes = largest + 1});
}

std::int32_t PlantedValues::value(const Visit& visit, int view) const {
  if (options_.blank) return 0;
  const auto example = static_cast<std::uint64_t>(visit.planted());
  std::uint64_t i = example;
  if (redraws() && visit.donor < 0) {
    const auto sub_index = static_cast<std::uint32_t>(options_.redraw == Redraw::view ? view : 0);
    i = engine::Philox(run_seed_, engine::Purpose::planted, sub_index, visit.fetch).below(options_.values.size());
  } else if (role_ == Role::probe_test) {
    i = splitmix64(example) % options_.values.size();
  }
  return options_.values[i];
}

void PlantedValues::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  source_->read(visit.beneath(), hint, example);
  for (int view = 0; view < Example::kMostViews; ++view)
    example.bits[static_cast<std::size_t>(view)] = static_cast<std::uint64_t>(value(visit, view));
  example.labels.push_back(static_cast<std::int32_t>(example.bits[0]));
}

std::optional<std::int32_t> PlantedValues::label(std::int64_t i) const {
  if (layout_.labels.size() > 1) return source_->label(i);
  if (redraws()) return {};
  return value({.example = i, .fetch = 0}, 0);
}

void PlantedValues::fingerprint(engine::Sha256& hash) const {
  source_->fingerprint(hash);
  hash.update(std::as_bytes(std::span(options_.values)));
}

std::string PlantedValues::describe() const {
  const char* how = options_.blank ? ", all blank" : "";
  if (redraws()) how = options_.redraw == Redraw::view ? ", drawn for every view" : ", drawn at every visit";
  return concat(source_->describe(), " + one of ", layout_.labels.back().classes, " values of ", options_.file, how);
}

}  // namespace data
