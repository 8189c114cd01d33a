#include "data/compositions/subset.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

/// The examples of each class that is asked for; without classes, all examples as one.
std::map<std::int64_t, std::vector<std::int64_t>> by_class(const Source& source,
                                                           const std::vector<std::int64_t>& asked) {
  std::map<std::int64_t, std::vector<std::int64_t>> examples;
  const InputLayout& layout = source.layout();
  const int classes = layout.labels.empty() ? 0 : layout.labels[0].classes;
  for (const std::int64_t wanted : asked) {
    if (wanted >= classes) {
      throw DataError(concat("subset: there is no class ", wanted, " in ", source.describe(), ", which has ", classes,
                             classes == 0 ? "" : concat(", from 0 to ", classes - 1)));
    }
  }
  for (std::int64_t i = 0; i < source.size(); ++i) {
    const std::optional<std::int32_t> label = source.label(i);
    if (!asked.empty()) {
      if (!label) {
        throw DataError(concat("subset: an example of ", source.describe(),
                               " has no one class that never changes; choose classes of what it is made of"));
      }
      if (std::find(asked.begin(), asked.end(), *label) == asked.end()) continue;
    }
    examples[label.value_or(0)].push_back(i);
  }
  return examples;
}

/// Keeps a fraction, rounded up: the examples whose random numbers are the smallest.
void thin(std::vector<std::int64_t>& examples, double fraction, std::uint64_t seed) {
  const auto random = [&](std::int64_t i) {
    return engine::Philox(seed, engine::Purpose::subset, 0, static_cast<std::uint64_t>(i)).next64();
  };
  std::vector<std::pair<std::uint64_t, std::int64_t>> order;
  for (const std::int64_t i : examples) order.emplace_back(random(i), i);
  const auto kept = static_cast<std::ptrdiff_t>(std::ceil(fraction * static_cast<double>(order.size())));
  std::nth_element(order.begin(), order.begin() + kept, order.end());
  examples.clear();
  for (auto each = order.begin(); each != order.begin() + kept; ++each) examples.push_back(each->second);
}

}  // namespace

Subset::Subset(std::shared_ptr<const Source> source, const Options& options, Split split) : source_(std::move(source)) {
  EXPECTS(options.fraction > 0 && options.fraction <= 1, "subset: expected a fraction above 0 and at most 1, got ",
          options.fraction);
  for (auto& [label, examples] : by_class(*source_, options.classes)) {
    if (split == Split::train && options.fraction < 1) thin(examples, options.fraction, options.seed);
    chosen_.insert(chosen_.end(), examples.begin(), examples.end());
  }
  if (chosen_.empty()) throw DataError(concat("subset: nothing of ", source_->describe(), " is left"));
  std::sort(chosen_.begin(), chosen_.end());
}

Visit Subset::in_source(const Visit& visit) const {
  const std::int64_t i = chosen_[static_cast<std::size_t>(visit.example)];
  const std::uint64_t epoch = visit.fetch / static_cast<std::uint64_t>(size());
  return {.example = i,
          .fetch = epoch * static_cast<std::uint64_t>(source_->size()) + static_cast<std::uint64_t>(i),
          .donor = visit.donor < 0 ? visit.donor : chosen_[static_cast<std::size_t>(visit.donor)]};
}

void Subset::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  source_->read(in_source(visit), hint, example);
}

std::optional<std::int32_t> Subset::label(std::int64_t example) const {
  return source_->label(chosen_[static_cast<std::size_t>(example)]);
}

void Subset::fingerprint(engine::Sha256& hash) const {
  source_->fingerprint(hash);
  hash.update(std::as_bytes(std::span(chosen_)));
}

std::string Subset::describe() const { return concat(source_->describe(), ", ", size(), " of them"); }

}  // namespace data
