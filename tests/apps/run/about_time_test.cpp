#include "apps/run/about_time.h"

#include <doctest/doctest.h>

using namespace apps;

TEST_CASE("about time: in the unit that people would use") {
  CHECK(about_time(0.04) == "about 0.0 seconds");
  CHECK(about_time(3.14) == "about 3.1 seconds");
  CHECK(about_time(119) == "about 119 seconds");
  CHECK(about_time(121) == "about 2.0 minutes");
  CHECK(about_time(90 * 60) == "about 90 minutes");
  CHECK(about_time(5.55 * 3600) == "about 5.5 hours");
  CHECK(about_time(41.2 * 86400) == "about 41 days");
  CHECK(about_time(3 * 365.25 * 86400) == "about 3.0 years");
  CHECK(about_time(131 * 365.25 * 86400) == "about 131 years");
}
