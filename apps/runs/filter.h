#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "apps/runs/entry.h"

namespace apps {

/// A condition on one value of an entry: "optim.lr=0.1", "status!=finished", "top1>=0.9".
struct Filter {
  enum class Relation { equal, unequal, less, less_or_equal, greater, greater_or_equal };
  std::string key;
  Relation relation;
  std::string value;

  /// Throws UsageError for another form.
  static Filter parse(std::string_view text);
  /// Whether the entry has the key, and its value stands in the relation. Texts that are both numbers are compared as
  /// numbers.
  bool holds(const Entry& entry) const;
};

/// The number that a text is; nothing for other texts.
std::optional<double> number_of(std::string_view text);

/// -1, 0 or 1: numbers by size and before other texts, these by their letters.
int compare(const std::string& one, const std::string& other);

}  // namespace apps
