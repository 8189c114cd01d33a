#include "apps/reproduce/report_tool.h"

#include <doctest/doctest.h>

TEST_CASE("report tool: found from a program in the build tree") {
  const auto tool = apps::find_report_tool();
  REQUIRE(tool);
  CHECK(tool->parent_path().filename() == "tools");
  CHECK(std::filesystem::is_regular_file(*tool));
}
