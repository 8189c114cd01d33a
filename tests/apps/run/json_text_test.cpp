#include "apps/run/json_text.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

TEST_CASE("json_text: what is not UTF-8 is replaced, and all else stays") {
  const nlohmann::ordered_json json{{"run", "caf\xe9/\xc3\xa9"}, {"step", 3}};
  CHECK(apps::json_text(json) == "{\"run\":\"caf\xef\xbf\xbd/\xc3\xa9\",\"step\":3}");
  CHECK(apps::json_text(nlohmann::json{{"a", 1.5}}, 2) == "{\n  \"a\": 1.5\n}");
}
