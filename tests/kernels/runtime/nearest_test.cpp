#include "kernels/runtime/nearest.h"

#include <doctest/doctest.h>

TEST_CASE("nearest: fewest edits wins, the first of equals") {
  const std::string_view flags[] = {"--lr", "--loss", "--log-every", "--batch-size", "--bits"};
  CHECK(engine::nearest("--lr", flags) == "--lr");
  CHECK(engine::nearest("--rl", flags) == "--lr");  // one swap; "--bits" and others need more edits
  CHECK(engine::nearest("--batchsize", flags) == "--batch-size");
  CHECK(engine::nearest("--logevery", flags) == "--log-every");
  CHECK(engine::nearest("--los", flags) == "--loss");
  CHECK(engine::nearest("", flags) == "--lr");
  const std::string_view equals[] = {"ab", "ac"};
  CHECK(engine::nearest("ax", equals) == "ab");
}
