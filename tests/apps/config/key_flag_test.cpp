#include "apps/config/key_flag.h"

#include <doctest/doctest.h>

#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

struct Settings {
  Config config;
};

}  // namespace

TEST_CASE("key flag: it sets its key in the settings' configuration and accepts what the key accepts") {
  const auto flag = key_flag<Settings>("lineval.knn", {.flag = "--neighbours", .group = "Group", .help = "that vote"});
  CHECK(flag.flag == "--neighbours");
  CHECK(flag.group == "Group");
  Settings settings;
  flag.set(settings, "7", flag.flag);
  CHECK(settings.config.lineval.knn.k == 7);
  CHECK(flag.text(settings) == "7");
  CHECK(message_of<UsageError>([&] { flag.set(settings, "0", flag.flag); }).starts_with("--neighbours must be "));
  CHECK(settings.config.lineval.knn.k == 7);
}
