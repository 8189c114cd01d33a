#include "data/compositions/rand_bits.h"

#include "data/splitmix.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {

RandBits::RandBits(std::shared_ptr<const Source> source, const Options& options)
    : source_(std::move(source)), options_(options) {
  EXPECTS(options.bits >= 0 && options.bits <= 64, "randbits: expected 0 to 64 bits, got ", options.bits);
  EXPECTS(source_->bit_planes() == 0, "randbits: ", source_->describe(), " has ", source_->bit_planes(),
          " bit planes already; add bits to a source once");
}

std::uint64_t RandBits::bits(std::int64_t i, std::uint64_t fetch) const {
  if (options_.bits == 0) return 0;
  const std::uint64_t word = options_.per_fetch
                                 ? engine::Philox(options_.seed, engine::Purpose::bits, 0, fetch).next64()
                                 : splitmix64(static_cast<std::uint64_t>(i));
  return word & (~std::uint64_t{0} >> (64 - options_.bits));
}

std::vector<LabelSet> RandBits::label_sets() const {
  std::vector<LabelSet> sets = source_->label_sets();
  if (options_.bits > 0) sets.push_back({.name = "bits", .classes = 2 * options_.bits, .per_example = options_.bits});
  return sets;
}

void RandBits::labels(std::size_t set, std::int64_t i, std::uint64_t bits, std::int32_t* out) const {
  if (set < source_->label_sets().size()) return source_->labels(set, i, bits, out);
  for (int j = 0; j < options_.bits; ++j) out[j] = 2 * j + static_cast<std::int32_t>(bits >> j & 1);
}

std::string RandBits::describe() const {
  return engine::concat(source_->describe(), " + ", options_.bits, " random bits per ",
                        options_.per_fetch ? "fetch" : "image");
}

}  // namespace data
