// Pretraining improves the features. Takes minutes, so labelled slow.
#include <doctest/doctest.h>

#include "tests/apps/workbench.h"

using namespace tests;

TEST_CASE("learning: the demo's pretrained features beat the untrained network's by at least 5 points") {
  const ScratchDirectory scratch;
  const std::string run = (scratch / "run").string();
  result(Workbench::plain_pretrain({"--recipe", "demo", "--out", run, "--report", "off"}));
  const auto top1 = [&](const Strings& arguments) {
    return result(Workbench::lineval(arguments)).at("top1").get<double>();
  };
  const double pretrained = top1({run}), untrained = top1({run, "--random-init"});
  CAPTURE(untrained);
  CHECK(pretrained > 0.97);
  CHECK(pretrained < 0.997);  // with digits that are too easy, networks could not be compared
  CHECK(pretrained >= untrained + 0.05);
}
