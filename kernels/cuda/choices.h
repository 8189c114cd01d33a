#pragma once
#include "kernels/runtime/timed_choices.h"

namespace kernels::cuda {

/// What was timed, for whoever times: names only, so that those who take them up need no vendor library.
class Choices final : public engine::TimedChoices {
 public:
  void time_new(bool on) override { time_new_ = on; }
  bool times_new() const { return time_new_; }
  void ask_before_timing(std::function<Names()> ask) override { ask_ = std::move(ask); }
  /// Before a problem is timed: takes up what others know, where nothing was known here.
  void ask() {
    if (ask_) timed_.merge(ask_());
  }

  const Names& names() const override { return used_; }
  void restore(const Names& names) override {
    Names all = names;
    all.merge(timed_);
    timed_ = std::move(all);
    ++restored_;
  }
  /// How often `restore` was called: what was decided before may have to be decided again.
  int restored() const { return restored_; }

  /// The way that was timed to be the fastest, here or earlier; empty when there is none.
  std::string timed(const std::string& problem) const {
    const auto found = timed_.find(problem);
    return found == timed_.end() ? "" : found->second;
  }
  void keep(const std::string& problem, const std::string& way) { timed_[problem] = used_[problem] = way; }

 private:
  bool time_new_ = false;
  std::function<Names()> ask_;
  int restored_ = 0;
  Names timed_, used_;  // used_: of these
};

}  // namespace kernels::cuda
