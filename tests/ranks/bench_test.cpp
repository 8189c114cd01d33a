// `bench` on several ranks.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/apps/workbench.h"

using namespace tests;

namespace {

Ended bench(int ranks, const Strings& arguments) {
  Strings all{"--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks), BENCH};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return Program(MPIRUN, all).wait();
}

}  // namespace

TEST_CASE("bench on several ranks: what they do together is timed, and rank 0 alone says so") {
  const Strings quick{"collectives", "--repetitions", "3", "--warmup", "1", "--threads", "1"};
  const nlohmann::json line = result(bench(2, quick));
  CHECK(line.at("ranks") == 2);
  const auto& all = line.at("collectives");
  CHECK(all.size() == 16);
  const auto ms = [&](const char* name, std::int64_t bytes) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const auto& one) { return one.at("name") == name && one.at("bytes") == bytes; });
    REQUIRE(found != all.end());
    CHECK(found->at("minimum_ms") <= found->at("median_ms"));
    return found->at("minimum_ms").template get<double>();
  };
  for (const char* name : {"all_reduce", "all_gather"}) {
    CHECK(ms(name, 8) > 0);
    CHECK(ms(name, 16 << 20) > ms(name, 8));
  }
}

TEST_CASE("bench on several ranks: other works are of one process, and collectives are not") {
  const Ended several = bench(2, {"nt-xent"});
  CHECK(several.exit_code == 2);
  CHECK(several.err.find("bench: error: mpirun started 2 processes, and only bench collectives is of several: start "
                         "other works without mpirun (see `bench --help`)") != std::string::npos);
  const Ended alone = Program(BENCH, {"collectives"}).wait();
  CHECK(alone.exit_code == 2);
  CHECK(complaint(alone) ==
        "collectives are what several ranks do together: start bench with mpirun -n K or srun (see `bench --help`)");
}
