// Every recipe can be looked at by --dry-run, without its data.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/apps/workbench.h"

using namespace tests;

namespace {

/// The source that a dry run names for data that are not there: --data "...".
std::string named_source(const std::string& message) {
  const std::string before = "--data \"", after = "\" has as many blank images";
  const std::size_t begin = message.find(before), end = message.find(after);
  REQUIRE_MESSAGE((begin != message.npos && end != message.npos), message);
  return message.substr(begin + before.size(), end - begin - before.size());
}

}  // namespace

TEST_CASE("pretrain --dry-run: every recipe says its steps, rates, memory and time, without its data") {
  std::size_t recipes = 0;
  for (const auto& entry : fs::directory_iterator(SOURCE_DIR "/recipes")) {
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    // Small enough to be measured at once.
    Strings arguments{"--recipe", name, "--dry-run", "--batch-size", "4", "--width", "0.25"};
    Ended ended = Workbench::plain_pretrain(arguments);
    if (ended.exit_code == 3) {
      arguments.insert(arguments.end(), {"--data", named_source(complaint(ended))});
      ended = Workbench::plain_pretrain(arguments);
    }
    REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
    CHECK_MESSAGE(ended.err.empty(), ended.err);
    for (const char* part : {"\nsteps ", "\nlearning rate ", "\nmemory ", "\na step ", "\ntime           about "})
      CHECK_MESSAGE(ended.out.find(part) != std::string::npos, ended.out);
    const std::size_t line = ended.out.rfind('\n', ended.out.size() - 2) + 1;
    const auto json = nlohmann::json::parse(ended.out.substr(line));
    CHECK(json.at("steps") > 0);
    CHECK(json.at("peak_lr") > 0);
    CHECK(json.at("peak_bytes") > json.at("parameter_bytes"));
    CHECK(json.at("seconds") > 0);
    CHECK(json.at("tried_steps").back().at("images") == 4);
    CHECK(ended.out.find(json.at("time").get<std::string>() + " on this device") != std::string::npos);
    ++recipes;
  }
  CHECK(recipes >= 3);
}
