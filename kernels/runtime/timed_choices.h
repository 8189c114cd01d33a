#pragma once
#include <functional>
#include <map>
#include <string>

namespace engine {

/// A back end's choices among ways to the same result that round differently, by the name of the problem.
class TimedChoices {
 public:
  using Names = std::map<std::string, std::string>;  ///< problem -> way

  virtual ~TimedChoices() = default;
  /// Whether to time the ways of problems that come up from now on. Off at first: a fixed rule decides.
  virtual void time_new(bool on) = 0;
  /// Has `ask` called before a problem is timed, which may take its time. It says what others have found meanwhile:
  /// problems that are new here are then not timed, but go by that. Empty: nobody is asked.
  virtual void ask_before_timing(std::function<Names()> ask) = 0;
  /// The timed choices that were made use of.
  virtual const Names& names() const = 0;
  /// Takes up earlier choices, in place of those of the same problems here. One that this back end does not know, or
  /// cannot follow, is as good as none.
  virtual void restore(const Names& names) = 0;
};

}  // namespace engine
