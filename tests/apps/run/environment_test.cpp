#include "apps/run/environment.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/run/build_info.h"
#include "tests/apps/run/digits_hidden.h"

TEST_CASE("environment: env.json says what was run, how it was built, and where") {
  char program[] = "pretrain", value[] = "caf\xE9";  // Latin-1, as command lines may be
  char* argv[] = {program, value};
  const auto json = nlohmann::json::parse(apps::environment_json({.argv = argv,
                                                                  .device = "cpu",
                                                                  .device_model = "kernels for AVX",
                                                                  .threads = 2,
                                                                  .ranks = 3,
                                                                  .libraries = {{"oneDNN", "2.6.3"}}}));
  const apps::BuildInfo build = apps::build_info();
  CHECK(json["version"] == build.version);
  CHECK(json["git"]["sha"] == build.git_sha);
  CHECK(json["git"]["dirty"] == build.git_dirty);
  CHECK(json["build"]["flags"] == build.flags);
  CHECK(json["cpu"]["model"] == apps::cpu_model());
  CHECK(json["cpu"]["usable_processors"] >= 1);
  CHECK(json["threads"] == 2);
  CHECK(json["ranks"] == 3);
  CHECK(json["device_model"] == "kernels for AVX");
  CHECK(json["libraries"]["oneDNN"] == "2.6.3");
  CHECK(json["libraries"].contains("libcrypto"));
  CHECK(json["argv"] == nlohmann::json{"pretrain", "caf\xEF\xBF\xBD"});
  CHECK(digits_hidden(apps::utc_time()) == "####-##-##T##:##:##Z");
}
