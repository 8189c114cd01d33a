#include "apps/run/build_info.h"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("build_info: a commit or \"unknown\", and the flags that were used") {
  const apps::BuildInfo build = apps::build_info();
  const std::string sha = build.git_sha;
  CHECK((sha == "unknown" || (sha.size() == 40 && sha.find_first_not_of("0123456789abcdef") == sha.npos)));
  CHECK(std::string(build.flags).find("-Wall") != std::string::npos);
  CHECK(std::string(build.compiler).find(' ') != std::string::npos);
  CHECK(apps::version_text("pretrain") ==
        std::string("pretrain ") + build.version + " (" + sha.substr(0, 12) + (build.git_dirty ? ", dirty)" : ")"));
}
