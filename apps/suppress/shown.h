#pragma once
#include <memory>
#include <vector>

#include "data/source.h"

namespace apps {

/// Chosen examples of a source, each with its own planted feature or with that of another example.
class Shown final : public data::Source {
 public:
  struct Choice {
    std::int64_t example = 0;
    std::int64_t donor = -1;  ///< negative: its own feature
  };
  Shown(std::shared_ptr<const data::Source> source, std::vector<Choice> choices)
      : source_(std::move(source)), choices_(std::move(choices)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(choices_.size()); }
  const data::InputLayout& layout() const override { return source_->layout(); }
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    const Choice& choice = choices_[static_cast<std::size_t>(visit.example)];
    source_->read({.example = choice.example,
                   .fetch = static_cast<std::uint64_t>(choice.example),  // as evaluation visits it
                   .donor = choice.donor},
                  hint, example);
  }
  std::string describe() const override { return source_->describe(); }

 private:
  std::shared_ptr<const data::Source> source_;
  std::vector<Choice> choices_;
};

/// At most `most` examples, evenly spread over the source: those of a folder are sorted by class.
std::vector<Shown::Choice> spread_choices(std::int64_t size, std::int64_t most);

/// Every one of these examples with the feature of every donor.
std::vector<Shown::Choice> crossed_choices(const std::vector<Shown::Choice>& examples,
                                           const std::vector<std::int64_t>& donors);

}  // namespace apps
