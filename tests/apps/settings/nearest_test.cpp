#include "apps/settings/nearest.h"

#include <doctest/doctest.h>

TEST_CASE("nearest: fewest edits wins, the first of equals") {
  const std::string_view flags[] = {"--lr", "--loss", "--log-every", "--batch-size", "--bits"};
  CHECK(apps::nearest("--lr", flags) == "--lr");
  CHECK(apps::nearest("--rl", flags) == "--lr");  // one swap; "--bits" and others need more edits
  CHECK(apps::nearest("--batchsize", flags) == "--batch-size");
  CHECK(apps::nearest("--logevery", flags) == "--log-every");
  CHECK(apps::nearest("--los", flags) == "--loss");
  CHECK(apps::nearest("", flags) == "--lr");
  const std::string_view equals[] = {"ab", "ac"};
  CHECK(apps::nearest("ax", equals) == "ab");
}
