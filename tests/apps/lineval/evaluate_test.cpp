#include "apps/lineval/evaluate.h"

#include <doctest/doctest.h>

#include "apps/run/exit_code.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
namespace fs = std::filesystem;

TEST_CASE("evaluate: a run without a checkpoint is refused before anything is stored") {
  const ScratchDirectory scratch;
  const EvaluationSettings settings{.run = scratch.path()};
  CHECK(message_of<UsageError>([&] { evaluate(settings); }) ==
        scratch.path().string() + " has no checkpoint yet; let pretrain finish an epoch first");
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("evaluate: fewer images than a batch of the protocol are refused") {
  const ScratchDirectory scratch;
  EvaluationSettings settings{.run = scratch.path()};
  settings.config.lineval.batch_size = 1'000'000;
  CHECK_THROWS_AS(evaluate(settings), engine::Error);
  CHECK(fs::is_empty(scratch.path()));
}
