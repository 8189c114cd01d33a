#include "apps/train/plan_file.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"

using apps::parse_plans;

TEST_CASE("plan_file: what it was made for, where that is something else") {
  const std::string here = R"({"format":1,"cpu":"x","build":{"flags":"-O3"}})";
  const auto differences = [&](const std::string& made_for) {
    return apps::plan_differences(apps::plan_text(made_for, {}), here);
  };
  CHECK(differences(here).empty());
  CHECK(differences(R"({"format":1,"cpu":"y","build":{"flags":"-O3"}})") == R"(cpu: "y", here "x")");
  CHECK(differences(R"({"format":1,"threads":4,"build":{"flags":"-O2"}})") ==
        R"(threads: 4, here none; build/flags: "-O2", here "-O3"; cpu: none, here "x")");
  CHECK(differences("7") == "it does not say for what they were made");
}

TEST_CASE("plan_file: reads what it writes, for what it was made for") {
  const apps::PlanChoices choices{{"conv a", "direct"}, {"conv b", "winograd"}};
  const std::string here = R"({"format":1,"cpu":"x"})", text = apps::plan_text(here, choices);
  CHECK(parse_plans(text, "plans.json", here) == choices);
  CHECK(parse_plans(text, "plans.json", R"({"format":1,"cpu":"y"})").empty());
}

TEST_CASE("plan_file: what is no plans is refused in a sentence, however deep it is") {
  const std::string here = "1";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"made_for":1})"),
        std::string(R"({"made_for":1,"choices":{"a":1}})"), std::string(R"({"made_for":1,"choices":["a"]})"),
        "{\"made_for\":1,\"choices\":" + std::string(1'000'000, '[')}) {
    CAPTURE(text.substr(0, 50));
    CHECK(message_of<engine::DataError>([&] { parse_plans(text, "run/plans.json", here); }) ==
          "run/plans.json is not a file of plans; delete it to time them again");
  }
}
