#include "data/compositions/rand_bits.h"

#include "data/splitmix.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {

RandBits::RandBits(std::shared_ptr<const Source> source, const Options& options)
    : source_(std::move(source)), options_(options), layout_(source_->layout()) {
  EXPECTS(options.bits >= 0 && options.bits <= 64, "randbits: expected 0 to 64 bits, got ", options.bits);
  EXPECTS(layout_.bit_planes == 0, "randbits: ", source_->describe(), " has ", layout_.bit_planes,
          " bit planes already; add bits to a source once");
  layout_.bit_planes = options.bits;
  if (options.bits == 0) return;
  layout_.bit_views = redraws() && options.redraw == Redraw::view ? Example::kMostViews : 1;
  layout_.labels.push_back({.name = kBitsLabel, .classes = 2 * options.bits, .per_example = options.bits});
}

std::uint64_t RandBits::draw(const Visit& visit, int view) const {
  if (options_.bits == 0 || options_.blank) return 0;
  const bool again = redraws() && visit.donor < 0;
  const auto sub_index = static_cast<std::uint32_t>(options_.redraw == Redraw::view ? view : 0);
  const std::uint64_t word = again
                                 ? engine::Philox(options_.seed, engine::Purpose::bits, sub_index, visit.fetch).next64()
                                 : splitmix64(static_cast<std::uint64_t>(visit.planted()));
  return word & (~std::uint64_t{0} >> (64 - options_.bits));
}

void RandBits::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  source_->read(visit.beneath(), hint, example);
  for (int view = 0; view < Example::kMostViews; ++view)
    example.bits[static_cast<std::size_t>(view)] = draw(visit, view);
  for (int j = 0; j < options_.bits; ++j)
    example.labels.push_back(2 * j + static_cast<std::int32_t>(example.bits[0] >> j & 1));
}

std::string RandBits::describe() const {
  if (options_.blank) return engine::concat(source_->describe(), " + ", options_.bits, " bits that are all zero");
  const char* each = "image";
  switch (options_.redraw) {
    case Redraw::never: break;
    case Redraw::visit: each = "fetch"; break;
    case Redraw::view: each = "view"; break;
  }
  return engine::concat(source_->describe(), " + ", options_.bits, " random bits per ", each);
}

}  // namespace data
