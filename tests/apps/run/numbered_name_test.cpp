#include "apps/run/numbered_name.h"

#include <doctest/doctest.h>

using apps::number_in;

TEST_CASE("numbered_name: the number between what stands before and behind it") {
  CHECK(number_in("step_00012000", "step_") == 12'000);
  CHECK(number_in("lineval.3.json", "lineval.", ".json") == 3);
  CHECK(number_in("new.0", "new.") == 0);
  CHECK(number_in("9223372036854775807", "") == INT64_MAX);
}

TEST_CASE("numbered_name: any other name has none") {
  for (const char* name : {"", "step_", "step_x", "step_1.tmp", "step_ 1", "step_+1", "step_-1", "step_1.5", "xstep_1",
                           "step_9223372036854775808"}) {
    CAPTURE(name);
    CHECK_FALSE(number_in(name, "step_"));
  }
  for (const char* name : {"lineval.json", "lineval..json", "lineval.3.jso", "lineval.3json", "knn.3.json"}) {
    CAPTURE(name);
    CHECK_FALSE(number_in(name, "lineval.", ".json"));
  }
}
