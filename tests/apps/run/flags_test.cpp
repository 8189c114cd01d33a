#include "apps/run/flags.h"

#include <doctest/doctest.h>

#include "apps/run/build_info.h"
#include "apps/run/exit_code.h"
#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"

using apps::UsageError;

namespace {

/// A program with one flag of each kind.
struct Program {
  std::string name = "none";
  std::int64_t count = 5;
  bool verbose = false;
  std::vector<std::string> sets, pair;
  apps::Flags flags{"program", "What it does."};

  Program() {
    flags.add({"--name", "Things", "the name", "TEXT", "none"}, name);
    flags.add({"--count", "Things", "how many", "N", "5"}, count, 1);
    flags.add(
        {"--set", "Things", "a setting", "KEY=VALUE", ""}, [&](const std::string& text) { sets.push_back(text); },
        true);
    flags.add({"--pair", "Things", "two at once", "N FILE", ""}, pair, 2);
    flags.add_switch({"--verbose", "Things", "say more", "", ""}, verbose);
    flags.add_text({"--show", "Information", "show the name", "", ""}, [&] { return name + "\n"; });
  }
  bool parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return flags.parse(static_cast<int>(arguments.size()), arguments.data());
  }
};

std::string refusal(std::vector<const char*> arguments) {
  return message_of<UsageError>([&] {
    Program program;
    (void)program.parse(arguments);
  });
}

}  // namespace

TEST_CASE("flags: values reach their variables, and the last of a repeated flag wins") {
  Program program;
  CHECK(program.parse({"--name", "a", "--count=7", "--set", "a=1", "--verbose", "--set", "b=-2", "--name=b c"}));
  CHECK(program.name == "b c");
  CHECK(program.count == 7);
  CHECK(program.verbose);
  CHECK(program.sets == std::vector<std::string>{"a=1", "b=-2"});
}

TEST_CASE("flags: a flag of two values takes exactly two, and the last of a repeated one wins") {
  {
    Program program;
    CHECK(program.parse({"--pair", "5", "-", "--verbose", "--pair", "-6", "b", "--name", "c"}));
    CHECK(program.pair == std::vector<std::string>{"-6", "b"});
    CHECK(program.verbose);
    CHECK(program.name == "c");
  }
  CHECK(refusal({"--pair"}) == "--pair needs N FILE");
  CHECK(refusal({"--pair", "5"}) == "--pair needs N FILE");
  CHECK(refusal({"--pair=5"}) == "--pair needs N FILE");
  CHECK(refusal({"--pair", "5", "--verbose"}) == "--pair needs N FILE, got '--verbose'");
  CHECK(refusal({"--pair", "5", "--count", "1"}) == "--pair needs N FILE, got '--count'");
  CHECK(refusal({"--pair", "5", "a", "--pair", "6"}) == "--pair needs N FILE");
  CHECK(refusal({"--pair", "5", "--pair", "6", "a"}) == "--pair needs N FILE, got '--pair'");
  CHECK(refusal({"--pair", "5", "a", "b"}) == "unexpected argument 'b': every value needs its --flag before it");
}

TEST_CASE("flags: nothing given, nothing changed") {
  Program program;
  CHECK(program.parse({}));
  CHECK(program.name == "none");
  CHECK(program.count == 5);
  CHECK_FALSE(program.verbose);
  CHECK(program.sets.empty());
}

TEST_CASE("flags: mistakes") {
  CHECK(refusal({"--nmae", "a"}) == "unknown flag --nmae; the nearest is --name");
  CHECK(refusal({"--cuont=3"}) == "unknown flag --cuont; the nearest is --count");
  CHECK(refusal({"-v"}).starts_with("unknown flag -v; the nearest is --"));
  CHECK(refusal({"name"}) == "unexpected argument 'name': every value needs its --flag before it");
  CHECK(refusal({"--name", "a", "b"}) == "unexpected argument 'b': every value needs its --flag before it");
  CHECK(refusal({"--name"}) == "--name needs a value");
  CHECK(refusal({"--count", "0"}) == "--count must be a whole number of at least 1, got '0'");
  CHECK(refusal({"--count", "-3"}) == "--count must be a whole number of at least 1, got '-3'");
  CHECK(refusal({"--count", "3x"}) == "--count must be a whole number of at least 1, got '3x'");
  CHECK(refusal({"--count", ""}) == "--count must be a whole number of at least 1, got ''");
  CHECK(message_of<UsageError>([] { apps::whole_number("9", "--few", 1, 8); }) ==
        "--few must be a whole number from 1 to 8, got '9'");
}

TEST_CASE("flags: --help shows groups, placeholders and defaults, whatever else is said") {
  Program program;
  const CaptureStdout capture;
  CHECK_FALSE(program.parse({"--no-such-flag", "--help"}));
  const std::string help = capture.text();
  for (const char* part :
       {"What it does.", "Things:", "--count N", "how many [5]", "--verbose", "Information:", "--version"}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}

TEST_CASE("flags: --version and texts of the program, which see the other flags") {
  {
    Program program;
    const CaptureStdout capture;
    CHECK_FALSE(program.parse({"--version"}));
    CHECK(capture.text() == apps::version_text("program") + "\n");
  }
  Program program;
  const CaptureStdout capture;
  CHECK_FALSE(program.parse({"--show", "--name", "later"}));
  CHECK(capture.text() == "later\n");
}
