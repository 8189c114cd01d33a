#include "apps/runs/filter.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "apps/settings/usage_error.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

using Relation = Filter::Relation;

// Longer signs first, so that "<=" is not read as "<".
constexpr std::array<std::pair<std::string_view, Relation>, 6> kSigns = {{{"!=", Relation::unequal},
                                                                          {"<=", Relation::less_or_equal},
                                                                          {">=", Relation::greater_or_equal},
                                                                          {"=", Relation::equal},
                                                                          {"<", Relation::less},
                                                                          {">", Relation::greater}}};

}  // namespace

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

int compare(const std::string& one, const std::string& other) {
  const std::optional<double> a = number_of(one), b = number_of(other);
  if (a && b) return *a < *b ? -1 : *a > *b ? 1 : 0;
  if (a || b) return a ? -1 : 1;
  const int order = one.compare(other);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

Filter Filter::parse(std::string_view text) {
  const std::size_t at = text.find_first_of("=<>!");
  if (at != text.npos && at > 0) {
    for (const auto& [sign, relation] : kSigns) {
      if (text.substr(at).starts_with(sign))
        return {.key = std::string(text.substr(0, at)),
                .relation = relation,
                .value = std::string(text.substr(at + sign.size()))};
    }
  }
  throw UsageError(engine::concat(
      "--where must be KEY=VALUE, or another of =, !=, <, <=, >, >= between them, as in optim.lr=0.1, got '", text,
      "'"));
}

bool Filter::holds(const Entry& entry) const {
  const std::optional<std::string> got = value_of(entry, key);
  if (!got) return false;
  const int order = compare(*got, value);
  switch (relation) {
    case Relation::equal: return order == 0;
    case Relation::unequal: return order != 0;
    case Relation::less: return order < 0;
    case Relation::less_or_equal: return order <= 0;
    case Relation::greater: return order > 0;
    case Relation::greater_or_equal: return order >= 0;
  }
  return false;
}

}  // namespace apps
