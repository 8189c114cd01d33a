#include "apps/suppress/shown.h"

#include <algorithm>

namespace apps {

std::vector<Shown::Choice> spread_choices(std::int64_t size, std::int64_t most) {
  const std::int64_t count = std::min(size, most);
  std::vector<Shown::Choice> choices;
  for (std::int64_t i = 0; i < count; ++i) choices.push_back({.example = i * size / count});
  return choices;
}

std::vector<Shown::Choice> crossed_choices(const std::vector<Shown::Choice>& examples,
                                           const std::vector<std::int64_t>& donors) {
  std::vector<Shown::Choice> choices;
  for (const Shown::Choice& choice : examples) {
    for (const std::int64_t donor : donors) choices.push_back({.example = choice.example, .donor = donor});
  }
  return choices;
}

}  // namespace apps
