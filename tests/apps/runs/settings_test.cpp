#include "apps/runs/settings.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

RunsSettings parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "runs");
  RunsSettings settings;
  const bool goes_on = parse(static_cast<int>(arguments.size()), arguments.data(), settings);
  CHECK(goes_on);
  return settings;
}

std::string refusal(const std::vector<const char*>& arguments) {
  const std::string said = message_of<UsageError>([&] { parsed(arguments); });
  return said.substr(0, said.find(" (see `runs --help`)"));
}

}  // namespace

TEST_CASE("runs arguments: what is listed, chosen and shown") {
  CHECK(parsed({}).directory == "runs");
  const RunsSettings settings = parsed({"DIR", "--where", "optim.lr=0.1", "--where", "status!=failed", "--best", "top1",
                                        "--limit", "3", "--columns", "run,top1", "--json"});
  CHECK(settings.directory == "DIR");
  REQUIRE(settings.where.size() == 2);
  CHECK(settings.where[1].key == "status");
  CHECK(settings.sort == "top1");
  CHECK(settings.descending);
  CHECK(settings.limit == 3);
  CHECK(settings.columns == std::vector<std::string>{"run", "top1"});
  CHECK(settings.form == RunsSettings::Form::json);
  CHECK_FALSE(parsed({"--sort", "loss"}).descending);
  CHECK(parsed({"diff", "A", "B", "--csv"}).compared == std::vector<std::string>{"A", "B"});
}

TEST_CASE("runs arguments: what does not fit together is one sentence") {
  CHECK(refusal({"--csv", "--json"}) == "--csv and --json exclude each other");
  CHECK(refusal({"--best", "a", "--sort", "b"}) == "--best and --sort exclude each other");
  CHECK(refusal({"--columns", "a,a"}) == "--columns must be different keys with commas between, got 'a,a'");
  CHECK(refusal({"--columns", ""}) == "--columns must be different keys with commas between, got ''");
  CHECK(refusal({"diff", "A"}) == "runs diff compares two runs: runs diff RUN OTHER");
  CHECK(refusal({"diff", "A", "B", "--limit", "1"}).starts_with("runs diff shows all differences; "));
  CHECK(refusal({"A", "B"}) == "runs lists one directory, got A and B; to compare two runs: runs diff A B");
  CHECK(refusal({"--limit", "-1"}).starts_with("--limit must be a whole number of at least 0"));
}
