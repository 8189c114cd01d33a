#include "apps/bench/work_list.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "tests/apps/run/capture_stdout.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

std::vector<BenchSettings> works_of(const std::filesystem::path& file, const std::string& text) {
  engine::atomic_write_file(file, text);
  BenchSettings shared;
  shared.list = file;
  shared.repetitions.timed = 7;
  shared.options.dim = 32;
  return read_work_list(shared);
}

}  // namespace

TEST_CASE("bench work list: a line is one bench, with the shared flags where it has none of its own") {
  const ScratchDirectory scratch;
  const auto works =
      works_of(scratch / "list", "nt-xent --rows 16 --dim 8\n\n# a comment\n  kernels   --precision bf16\n");
  REQUIRE(works.size() == 2);
  CHECK(works[0].work == "nt-xent");
  CHECK(works[0].line == "nt-xent --rows 16 --dim 8");
  CHECK(works[0].options.rows == 16);
  CHECK(works[0].options.dim == 8);
  CHECK(works[0].repetitions.timed == 7);
  CHECK(works[1].work == "kernels");
  CHECK(works[1].options.dim == 32);
  CHECK(works[1].options.activations == engine::Dtype::bf16);
  CHECK(works[0].options.activations == engine::Dtype::f32);
}

TEST_CASE("bench work list: a wrong line is refused before anything is timed") {
  const ScratchDirectory scratch;
  const std::string file = (scratch / "list").string();
  const auto refusal = [&](const std::string& text) { return message_of<UsageError>([&] { works_of(file, text); }); };
  CHECK(refusal("lars\nconvn --rows 3x\n").starts_with(file + ", line 2: --rows must be a whole number"));
  CHECK(refusal("lars --works other") == file + ", line 1: the works are those of --works other: leave out lars");
  CHECK(refusal("--works other") == file + ", line 1: a line names one work, not another file");
  CHECK(refusal("# nothing\n") == "--works " + file + " names no work");
  BenchSettings absent;
  absent.list = scratch / "absent";
  CHECK(message_of<UsageError>([&] {
          read_work_list(absent);
        }).starts_with("--works must be a file with the arguments of one bench in each line, and "));
}

TEST_CASE("bench work list: works share a context where they can, and the next one follows one that fails") {
  const ScratchDirectory scratch;
  const auto works = works_of(scratch / "list", "lars --threads 1\nconvn --threads 1\nsimclr --threads 2\n");
  std::vector<const engine::Context*> contexts;
  const CaptureStdout capture;
  const int status = time_in_one_process(works, [&](const engine::Context& context, const BenchSettings& settings) {
    contexts.push_back(&context);
    CHECK(context.threads() <= settings.compute.threads);
    if (settings.work == "convn") throw engine::Error("no room");
  });
  CHECK(status == kFailure);
  REQUIRE(contexts.size() == 3);
  CHECK(contexts[0] == contexts[1]);
  std::istringstream lines(capture.text());
  std::vector<nlohmann::json> printed;
  for (std::string line; std::getline(lines, line);) printed.push_back(nlohmann::json::parse(line));
  REQUIRE(printed.size() == 4);
  CHECK(printed[0].at("arguments") == "lars --threads 1");
  CHECK(printed[2].at("error") == "no room");
  CHECK(printed[3].at("arguments") == "simclr --threads 2");
}
