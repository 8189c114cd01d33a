#include "engine/io/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "kernels/runtime/error.h"

using engine::parse_json;
using nlohmann::json;

namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("json: reads what is JSON, and keeps the order if asked") {
  CHECK(parse_json<json>(R"({"a": [1, {"b": null}]})").at("a").at(1).at("b").is_null());
  CHECK(parse_json<nlohmann::ordered_json>(R"({"b": 1, "a": 2})").dump() == R"({"b":1,"a":2})");
  for (const char* text : {"", "{", "{\"a\": 1", "1 2", "[1,]", "\xff", "[\"\\"}) {
    CAPTURE(text);
    CHECK(parse_json<json>(text).is_discarded());
    CHECK_THROWS_AS(parse_json<json>(text).at("a"), json::exception);
  }
}

TEST_CASE("json: arrays and objects stand 64 deep within each other at most, and no number of them ends the stack") {
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"[", "]"}, {"{\"a\":", "}"}}) {
    const auto nested = [&, open = open, close = close](int levels) {
      return repeated(open, levels) + (open == "[" ? "" : "1") + repeated(close, levels);
    };
    CHECK_FALSE(parse_json<json>(nested(engine::kDeepestJson)).is_discarded());
    CHECK(parse_json<json>(nested(engine::kDeepestJson + 1)).is_discarded());
    CHECK(parse_json<json>(nested(1'000'000)).is_discarded());
    CHECK(parse_json<json>(repeated(open, 1'000'000)).is_discarded());
  }
  const std::string brackets(1000, '[');
  CHECK(parse_json<json>(engine::concat("[\"\\\"", brackets, "\"]")).at(0) ==
        engine::concat("\"", brackets));  // brackets in a string do not nest
  CHECK(parse_json<json>(engine::concat("[", repeated("[],", 1000), "1]")).size() ==
        1001);  // brackets one after the other do not nest
}

TEST_CASE("json: a whole number is one that was written as such and fits") {
  const auto number = [](const char* text) { return engine::whole_number(parse_json<json>(text)); };
  CHECK(number("-7") == -7);
  CHECK(number("9223372036854775807") == INT64_MAX);
  CHECK(number("-9223372036854775808") == INT64_MIN);
  for (const char* text : {"9223372036854775808", "1.0", "1e300", "true", "\"1\"", "null", "[1]", ""}) {
    CAPTURE(text);
    CHECK_FALSE(number(text));
  }
}
