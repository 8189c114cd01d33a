// A device that this build or machine does not have: every program with --device exits with 2 and one sentence.
#include <doctest/doctest.h>

#include "tests/apps/workbench.h"

using namespace tests;

TEST_CASE("programs: a device that is not there is exit 2 and one sentence, and leaves nothing") {
  const Workbench bench;
  REQUIRE(bench.pretrain("trained", {"--steps", "1", "--epochs", "0"}).exit_code == 0);
  const Strings before = names(bench / ""), trained = names(bench / "trained");
  for (const std::string device : {"cuda:99", "cuda:2147483647"}) {
    // The rest of the sentence in a build with CUDA depends on the machine: no driver, no device, or too few devices.
    std::string sentence = "device: " + device + " was asked for, but ";
    if (!ENGINE_CUDA) sentence += "this build has the CPU only; use --device cpu, or build with `cmake --preset cuda`";
    for (const Ended& ended :
         {bench.pretrain("run", {"--device", device}), Program(BENCH, {"nt-xent", "--device", device}).wait(),
          Program(KMEANS, {(bench / "trained").string(), "--device", device}).wait(),
          Workbench::lineval({(bench / "trained").string(), "--device", device})}) {
      CHECK(ended.exit_code == 2);
      CHECK(ended.out.empty());
      CHECK(complaint(ended).substr(0, sentence.size()) == sentence);
    }
  }
  CHECK(names(bench / "") == before);
  CHECK(names(bench / "trained") == trained);
}
