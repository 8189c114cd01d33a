#include "apps/pack/settings.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "apps/settings/usage_error.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

PackSettings parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "pack");
  PackSettings settings;
  const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
  CHECK(goes_on);
  return settings;
}

std::string refusal(const std::vector<const char*>& arguments) {
  return message_of<UsageError>([&] { parsed(arguments); });
}

}  // namespace

TEST_CASE("pack settings: flags reach what they are about") {
  const PackSettings plain = parsed({"--data", "digits:", "--out", "x"});
  CHECK(plain.data == "digits:");
  CHECK(plain.out == "x");
  CHECK(plain.short_side == 0);
  CHECK(plain.workers == 0);
  CHECK_FALSE(plain.skip_bad);
  CHECK_FALSE(plain.force);
  const PackSettings all =
      parsed({"--data", "digits:", "--out", "x", "--short-side", "256", "--workers", "3", "--skip-bad", "--force"});
  CHECK(all.short_side == 256);
  CHECK(all.workers == 3);
  CHECK(all.skip_bad);
  CHECK(all.force);
  CHECK(parsed({"--verify", "x"}).verify == "x");
}

TEST_CASE("pack settings: what is missing or contradicts is said") {
  CHECK(refusal({}) == "give what is to be packed: --data SOURCE, as in --data folder:DIR");
  CHECK(refusal({"--data", "digits:"}) == "give the file to write: --out FILE");
  CHECK(refusal({"--verify", "x", "--out", "y"}) ==
        "--verify reads a packed file and writes none; leave out --data and --out");
  CHECK(refusal({"--data", "digits:", "--out", "x", "--short-side", "-1"}).find("--short-side") != std::string::npos);
  CHECK(refusal({"--data", "digits:", "--output", "x"}).find("--out") != std::string::npos);
}
