#include "apps/pretrain/arguments.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

/// The arguments of a command line, whose first word is the program's name.
PretrainArguments parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "pretrain");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  PretrainArguments arguments;
  const bool runs = parse(static_cast<int>(argv.size()), argv.data(), arguments);
  CHECK(runs);
  return arguments;
}

}  // namespace

TEST_CASE("pretrain arguments: profiled steps are two whole numbers in order") {
  CHECK(parse_profiled_steps("6:8").first == 6);
  CHECK(parse_profiled_steps("6:8").last == 8);
  CHECK(parse_profiled_steps("3:3").last == 3);
  const auto refusal = [](const std::string& text) {
    return message_of<UsageError>([&] { parse_profiled_steps(text); });
  };
  CHECK(refusal("6") == "--profile-steps must be A:B, two steps, got '6'");
  for (const char* text : {"6:5", "0:5", "a:5", "1:b", ":", "1:2:3"}) {
    CAPTURE(text);
    CHECK(refusal(text).starts_with("--profile-steps must be a whole number of at least "));
  }
}

TEST_CASE("pretrain arguments: what only shows a run does not train") {
  CHECK(parsed({}).trains());
  CHECK(parsed({"--profile", "--profile-steps", "2:3"}).trains());
  CHECK_FALSE(parsed({"--dry-run"}).trains());
  CHECK_FALSE(parsed({"--print-schedule"}).trains());
  const PretrainArguments views = parsed({"--dump-views", "12", "views.png"});
  CHECK_FALSE(views.trains());
  CHECK(views.viewed_examples == 12);
  CHECK(views.views_file == "views.png");
  CHECK(message_of<UsageError>([] {
          parsed({"--dump-views", "0", "views.png"});
        }) == "--dump-views must be a whole number of at least 1, got '0'");
}
