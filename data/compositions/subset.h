#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "data/source.h"

namespace data {

/// Some of the examples of a source, in its order: those of some classes, or a fraction of each class. A class keeps
/// its number, so that a network for the subset fits the source. The fraction is of the training split only; it is the
/// same whatever the run's seed, and that of a smaller fraction is a part of it.
class Subset final : public Source {
 public:
  struct Options {
    std::vector<std::int64_t> classes = {};  ///< of the first label set; empty: all
    double fraction = 1;                     ///< above 0, at most 1
    std::uint64_t seed = 0;
  };
  /// Throws engine::DataError if classes are asked for that the source does not have, or if nothing is left. A source
  /// whose label differs from visit to visit cannot be chosen from by class.
  Subset(std::shared_ptr<const Source> source, const Options& options, Split split);

  std::int64_t size() const override { return static_cast<std::int64_t>(chosen_.size()); }
  const InputLayout& layout() const override { return source_->layout(); }
  /// An example is visited as it would be in the source: the same epoch, and its own place there.
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override;
  bool varies() const override { return source_->varies(); }
  std::string caption(const Visit& visit) const override { return source_->caption(in_source(visit)); }
  std::string file_name(std::int64_t example) const override {
    return source_->file_name(chosen_[static_cast<std::size_t>(example)]);
  }
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  Visit in_source(const Visit& visit) const;

  std::shared_ptr<const Source> source_;
  std::vector<std::int64_t> chosen_;
};

}  // namespace data
