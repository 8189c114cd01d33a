// Any JSON that is read: data.json, result.json, results.json.
#include "engine/io/json.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = engine::parse_json<nlohmann::json>(text_of(data, size));
  if (json.is_discarded()) return 0;
  const nlohmann::json copy = json;
  must(copy == json || json.dump().find("null") != std::string::npos, "a copy is equal, unless a number is not finite");
  must(!engine::parse_json<nlohmann::json>(json.dump()).is_discarded(), "what is printed is JSON");
  for (const auto& value : json) engine::whole_number(value);
  return 0;
}
