#include "apps/run/report_tool.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "tests/data/idx_files.h"
#include "tests/engine/io/scratch_directory.h"

namespace {

namespace fs = std::filesystem;

/// What draw_report says where `directory` is the whole PATH.
std::string said_with_path(const fs::path& directory) {
  const std::string before = std::getenv("PATH");
  std::ostringstream said;
  auto* const console = std::cerr.rdbuf(said.rdbuf());
  setenv("PATH", directory.c_str(), 1);
  apps::draw_report("some/run");
  setenv("PATH", before.c_str(), 1);
  std::cerr.rdbuf(console);
  return said.str();
}

}  // namespace

TEST_CASE("report tool: found from a program in the build tree") {
  const auto tool = apps::find_report_tool();
  REQUIRE(tool);
  CHECK(tool->parent_path().filename() == "tools");
  CHECK(fs::is_regular_file(*tool));
}

TEST_CASE("report tool: what went wrong is one line, and nothing when nothing did") {
  const ScratchDirectory scratch;
  const fs::path python = scratch / "python3";
  const std::string again = "; then " + apps::find_report_tool()->string() + " some/run\n";
  CHECK(said_with_path(scratch.path()) == "no plots: there is no python3; apt-get install python3-matplotlib" + again);
  const auto said = [&](const std::string& script) {
    write_plain(python, "#!/bin/sh\n" + script + "\n");
    fs::permissions(python, fs::perms::owner_all);
    return said_with_path(scratch.path());
  };
  CHECK(said("exit 0").empty());
  CHECK(said("exit 2").empty());  // tools/report has said why
  CHECK(said("exit 127") == "no plots: python3 ended with exit code 127" + again);
  CHECK(said("kill -9 $$") == "no plots: python3 was ended by signal 9" + again);
  write_plain(python, "#!/no/such/shell\n");
  CHECK(said_with_path(scratch.path()).starts_with("no plots: "));
}
