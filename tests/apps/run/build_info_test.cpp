#include "apps/run/build_info.h"

#include <doctest/doctest.h>

#include <regex>

TEST_CASE("build_info: a commit or \"unknown\", and the flags that were used") {
  const apps::BuildInfo build = apps::build_info();
  CHECK(std::regex_match(build.git_sha, std::regex("[0-9a-f]{40}|unknown")));
  CHECK(std::string(build.flags).find("-Wall") != std::string::npos);
  CHECK(std::string(build.compiler).find(' ') != std::string::npos);
  CHECK(std::regex_match(apps::version_text("pretrain"),
                         std::regex(R"(pretrain \d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown)(, dirty)?\))")));
}
