#include "tests/simt/interpreter/publication.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "tests/simt/interpreter/access_checker.h"

namespace simt {
namespace {

struct EpochRange {
  std::uint32_t first, last;
};
/// By the atomic's address: the epochs of blocks that published their work through it.
std::map<std::uintptr_t, std::vector<EpochRange>> published;
std::vector<EpochRange> acquisitions;                          // of the running block
std::vector<std::pair<std::uint32_t, unsigned>> block_starts;  // epoch, block

}  // namespace

void start_publications() {
  published.clear();
  block_starts.clear();
}

void start_block_acquisitions() {
  acquisitions.clear();
  block_starts.emplace_back(epochs.block, block.index);
}

void publish(std::uintptr_t address) {
  std::vector<EpochRange>& through = published[address];
  for (const EpochRange& range : through)
    if (range.first != epochs.block) acquisitions.push_back(range);
  if (!through.empty() && through.back().first == epochs.block) {
    through.back().last = epochs.now;
  } else {
    through.push_back({epochs.block, epochs.now});
  }
}

bool acquired(std::uint32_t epoch) {
  return std::any_of(acquisitions.begin(), acquisitions.end(),
                     [epoch](const EpochRange& range) { return range.first <= epoch && epoch <= range.last; });
}

unsigned block_at(std::uint32_t epoch) {
  const auto after = std::upper_bound(block_starts.begin(), block_starts.end(), std::pair{epoch, ~0u});
  return std::prev(after)->second;
}

}  // namespace simt
