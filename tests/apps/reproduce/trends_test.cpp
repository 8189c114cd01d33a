#include "apps/reproduce/trends.h"

#include <doctest/doctest.h>

#include "apps/reproduce/experiment_file.h"
#include "tests/apps/reproduce/experiment_text.h"

using namespace apps;

namespace {

Experiment experiment() { return read_experiment(tests::experiment_text(), "sizes", "sizes.toml"); }

/// 0.9 with one digit, 0.2 less with four and 0.4 less with sixteen; the supervised row loses half as much.
std::optional<double> value(const Place& place) {
  return 0.9 - 0.2 * static_cast<double>(place[1]) * (place[0] == 1 ? 0.5 : 1);
}

Trend along_digits() { return {.says = {}, .quantity = "linear", .along = "digits"}; }

}  // namespace

TEST_CASE("trends: the change from the first value to the last, at every value of the other axis") {
  const Experiment sizes = experiment();
  Trend trend = along_digits();
  trend.where = {{"method", {"warm SimCLR", "supervised"}}};
  trend.by = 0.3;
  const auto changes = changes_along(trend, sizes, sizes.budget("paper"), value);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].at == "method warm SimCLR");
  CHECK(*changes[0].first == doctest::Approx(0.9));
  CHECK(*changes[0].last == doctest::Approx(0.5));
  CHECK(is_seen(trend, changes[0]) == true);
  CHECK(is_seen(trend, changes[1]) == false);  // falls by 0.2 only
  trend.expected = Trend::Expected::rises;
  CHECK(is_seen(trend, changes[0]) == false);
  trend.expected = Trend::Expected::flat;
  CHECK(is_seen(trend, changes[0]) == false);
  CHECK(is_seen(trend, changes[1]) == true);
}

TEST_CASE("trends: between two named values, and of the spread over another axis") {
  const Experiment sizes = experiment();
  Trend trend{.says = {}, .quantity = "linear", .along = "digits", .to = std::string("4")};
  trend.where = {{"method", {"supervised"}}};
  auto changes = changes_along(trend, sizes, sizes.budget("paper"), value);
  REQUIRE(changes.size() == 1);
  CHECK(*changes[0].last == doctest::Approx(0.8));
  trend.to.clear();
  trend.over = "method";
  trend.where = {{"method", {"warm SimCLR", "supervised"}}};
  trend.expected = Trend::Expected::rises;
  changes = changes_along(trend, sizes, sizes.budget("paper"), value);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].at.empty());
  CHECK(*changes[0].first == doctest::Approx(0));
  CHECK(*changes[0].last == doctest::Approx(0.2));
  CHECK(is_seen(trend, changes[0]) == true);
}

TEST_CASE("trends: nothing is said while a value is missing, and no change is no fall") {
  const Experiment sizes = experiment();
  Trend trend = along_digits();
  trend.where = {{"method", {"supervised"}}};
  const auto without_last = [](const Place& place) { return place[1] == 2 ? std::nullopt : value(place); };
  const auto without_middle = [](const Place& place) { return place[1] == 1 ? std::nullopt : value(place); };
  CHECK_FALSE(is_seen(trend, changes_along(trend, sizes, sizes.budget("paper"), without_last)[0]));
  CHECK(is_seen(trend, changes_along(trend, sizes, sizes.budget("paper"), without_middle)[0]) == true);
  trend.expected = Trend::Expected::flat;
  trend.by = 1;
  CHECK_FALSE(is_seen(trend, changes_along(trend, sizes, sizes.budget("paper"), without_middle)[0]));
  trend.expected = Trend::Expected::falls;
  trend.by = 0;
  const auto constant = [](const Place&) { return std::optional(0.5); };
  CHECK(is_seen(trend, changes_along(trend, sizes, sizes.budget("paper"), constant)[0]) == false);
}
