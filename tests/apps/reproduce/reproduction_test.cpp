#include "apps/reproduce/reproduction.h"

#include <doctest/doctest.h>

#include <fstream>

#include "apps/reproduce/experiments.h"
#include "apps/run/exit_code.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
namespace fs = std::filesystem;

TEST_CASE("reproduction: a directory that is new, ours or of others' files may hold the runs") {
  const ScratchDirectory scratch;
  const Experiment experiment = find_experiment("randbits-mnist");
  const fs::path out = scratch / "out";
  check_reproduction_directory(out, experiment, "paper");
  fs::create_directory(out);
  std::ofstream(out / "slurm-1.log") << "a scheduler's";
  check_reproduction_directory(out, experiment, "paper");
  std::ofstream(out / "results.json") << "{\"experiment\": \"" << experiment.name << "\", \"budget\": \"paper\"}";
  check_reproduction_directory(out, experiment, "paper");
}

TEST_CASE("reproduction: a file, a single run, another experiment and damaged results are refused") {
  const ScratchDirectory scratch;
  const Experiment experiment = find_experiment("randbits-mnist");
  const auto refusal = [&](const fs::path& out) {
    return message_of<UsageError>([&] { check_reproduction_directory(out, experiment, "paper"); });
  };
  std::ofstream(scratch / "file") << "text";
  CHECK(refusal(scratch / "file") == "--out " + (scratch / "file").string() + " is a file, not a directory");
  for (const char* sign : {"config.toml", "checkpoints", "metrics.jsonl"}) {
    CAPTURE(sign);
    const fs::path run = scratch / (std::string("run-") + sign);
    fs::create_directory(run);
    std::ofstream(run / sign) << "";
    CHECK(refusal(run).find(std::string(" holds a single run (it has ") + sign) != std::string::npos);
  }
  const fs::path other = scratch / "other";
  fs::create_directory(other);
  std::ofstream(other / "results.json") << R"({"experiment": "another", "budget": "paper"})";
  CHECK(refusal(other).find(" holds another experiment than ") != std::string::npos);
  std::ofstream(other / "results.json") << R"({"experiment": "randbits-mnist", "budget": "small"})";
  CHECK(refusal(other).find(" holds runs with the budget small, not paper; choose another directory") !=
        std::string::npos);
  std::ofstream(other / "results.json") << R"({"experiment": 3})";
  CHECK(refusal(other).find(" is damaged; delete it") != std::string::npos);
}
