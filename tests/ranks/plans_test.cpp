// The ranks of a run use the algorithms that the lowest of them has timed.
#include "apps/train/plans.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/context.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/ranks/ranks.h"

TEST_CASE("plans of several ranks: all use the choices of the lowest rank that has any, and rank 0 keeps them") {
  engine::Communicator& ranks = tests::ranks();
  const ScratchDirectory run, cache;
  setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);  // nothing that was timed before
  const engine::Context context = kernels::make_context({.device = {}, .threads = 1, .communicator = &ranks});
  const auto choice = [&](const std::string& problem) {
    return context.algorithms().find(
        problem, [](const std::string&) { return true; }, [&] { return "of rank " + std::to_string(ranks.rank()); });
  };
  apps::Plans plans(context, run.path(), {});
  CHECK(choice("of all") == "of rank " + std::to_string(ranks.rank()));
  const bool last = ranks.rank() == ranks.ranks() - 1;
  if (last) choice("of the last");
  plans.save();
  CHECK(choice("of all") == "of rank 0");
  CHECK(choice("of the last") == "of rank " + std::to_string(ranks.ranks() - 1));
  CHECK(std::filesystem::exists(run / "plans.json") == (ranks.rank() == 0));
  const int restored = context.algorithms().restored();
  plans.save();
  CHECK(context.algorithms().restored() == restored);  // compiled algorithms are kept
  if (ranks.rank() > 0) return;
  const std::string text = engine::read_file(run / "plans.json");
  CHECK(text.find(R"("of all": "of rank 0")") != text.npos);
  CHECK(text.find(R"("of the last": )") != text.npos);
}
