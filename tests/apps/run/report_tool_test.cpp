#include "apps/run/report_tool.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "apps/run/signals.h"
#include "engine/io/files.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/scratch_directory.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// What draw_report prints when PATH is only `directory`.
std::string said_with_path(const fs::path& directory, std::chrono::milliseconds limit = 10s) {
  const std::string before = std::getenv("PATH");
  std::ostringstream said;
  auto* const console = std::cerr.rdbuf(said.rdbuf());
  setenv("PATH", directory.c_str(), 1);
  apps::draw_report("some/run", limit);
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
  const std::string again = "; draw them with " + apps::find_report_tool()->string() + " some/run\n";
  CHECK(said_with_path(scratch.path()) == "no plots: there is no python3 (apt-get install python3-matplotlib)" + again);
  const auto said = [&](const std::string& script) {
    write_plain(python, "#!/bin/sh\n" + script + "\n");
    fs::permissions(python, fs::perms::owner_all);
    return said_with_path(scratch.path());
  };
  CHECK(said("exit 0").empty());
  CHECK(said("exit 2").empty());  // tools/report has printed the reason
  CHECK(said("exit 127") == "no plots: python3 ended with exit code 127" + again);
  CHECK(said("kill -9 $$") == "no plots: python3 was ended by signal 9" + again);
  write_plain(python, "#!/no/such/shell\n");
  CHECK(said_with_path(scratch.path()).starts_with("no plots: "));
}

TEST_CASE("report tool: it is told its directory as such, and has no signal blocked or ignored") {
  const ScratchDirectory scratch;
  const fs::path said = scratch / "said";
  write_plain(scratch / "python3",
              "#!/bin/sh\nexec >" + said.string() +
                  "\necho \"$2 $3\"\nwhile read -r line; do echo \"$line\"; done </proc/$$/status\n");
  fs::permissions(scratch / "python3", fs::perms::owner_all);
  {
    const apps::SignalThread signals;  // it blocks all signals and ignores two
    CHECK(said_with_path(scratch.path()).empty());
  }
  const std::string text = engine::read_file(said);
  CHECK(text.starts_with("-- some/run\n"));
  const auto signals = [&](const std::string& name) {
    return std::stoull(text.substr(text.find(name) + name.size()), nullptr, 16);
  };
  CHECK(signals("SigBlk:") == 0);
  CHECK((signals("SigIgn:") & (1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1))) == 0);
}

TEST_CASE("report tool: one that hangs is ended at the time limit, with what it started and against its will") {
  const ScratchDirectory scratch;
  const auto takes_too_long = [&](const std::string& script) {
    write_plain(scratch / "python3", "#!/bin/sh\n" + script + "\n");
    fs::permissions(scratch / "python3", fs::perms::owner_all);
    const auto begin = std::chrono::steady_clock::now();
    const std::string said = said_with_path(scratch.path(), 300ms);
    CHECK(said.starts_with("no plots: python3 was ended, as it took longer than 0.3 s; draw them with "));
    return std::chrono::steady_clock::now() - begin;
  };
  const std::string child = (scratch / "child").string();
  CHECK(takes_too_long("/bin/sleep 1000 & echo $! >" + child + "; wait") < 4s);
  const std::string id = engine::read_file(child);
  std::ostringstream state;  // empty: the process is gone; Z: nobody has waited for it
  state << std::ifstream("/proc/" + id.substr(0, id.size() - 1) + "/stat").rdbuf();
  CHECK((state.str().empty() || state.str().find(") Z ") != std::string::npos));
  const auto stubborn = takes_too_long("trap '' TERM; while :; do :; done");
  CHECK(stubborn > 4s);
  CHECK(stubborn < 20s);
}
