#include "apps/tensorboard/run_events.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/contact_sheet.h"
#include "engine/io/files.h"
#include "tests/apps/tensorboard/events.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;
using tests::ReadValue;
using tests::values_of_run;

namespace {

StepMetrics at(std::int64_t step, double loss) {
  return {.step = step, .epoch = 0, .time = 10.0 + static_cast<double>(step), .values = {{{.name = "loss"}, loss}}};
}

}  // namespace

TEST_CASE("run events: tags are SimCLR's where it has one") {
  CHECK(tag_of("train", "loss", true) == "train/contrast_loss");
  CHECK(tag_of("train", "loss", false) == "train/loss");
  CHECK(tag_of("train", "contrast_acc", true) == "train/contrast_acc");
  CHECK(tag_of("train", "probe_acc", true) == "train/supervised_acc");
  CHECK(tag_of("eval", "probe_acc", true) == "eval/label_top_1_accuracy");
  CHECK(tag_of("eval", "effective_rank", true) == "eval/effective_rank");
  CHECK(tag_of("train", "lr", true) == "train/lr");
  CHECK(tag_of("train", "images_per_s", true) == "perf/images_per_s");
}

TEST_CASE("run events: a later process writes a file of its own, and each step is there once") {
  const ScratchDirectory scratch;
  {
    RunEvents events(scratch.path(), -1, true);
    for (const std::int64_t step : {2, 4, 6}) events.add(at(step, 0.5));
  }
  RunEvents events(scratch.path(), 4, true);
  events.add(at(6, 0.25));
  CHECK(values_of_run(scratch.path()) == std::vector<ReadValue>{{2, 12, "train/contrast_loss", 0.5},
                                                                {4, 14, "train/contrast_loss", 0.5},
                                                                {6, 16, "train/contrast_loss", 0.25}});
  RunEvents again(scratch.path(), -1, true);  // killed before its first checkpoint
  again.add(at(2, 0.125));
  CHECK(values_of_run(scratch.path()) == std::vector<ReadValue>{{2, 12, "train/contrast_loss", 0.125}});
}

TEST_CASE("run events: pictures of the first views, once, and of evaluations that drew one") {
  const ScratchDirectory scratch;
  const std::vector<std::uint8_t> pixels(2 * 3, 1);
  for (const char* folder : {"tb", "samples"}) engine::create_directories(scratch / folder);
  data::write_png(RunEvents::views_of(scratch.path()), {2, 3, 1}, pixels);
  data::write_png(scratch / "samples/step_00000004.png", {3, 2, 1}, pixels);
  StepMetrics evaluation = at(4, std::nan(""));
  evaluation.phase = "eval";
  RunEvents(scratch.path(), -1, false).add(evaluation);
  const RunEvents later(scratch.path(), 4, false);
  const std::vector<ReadValue> values = values_of_run(scratch.path());
  REQUIRE(values.size() == 3);
  CHECK(values[0].tag == "views");
  CHECK(values[0].value == 3);
  CHECK(values[1].tag == "eval/loss");
  CHECK(std::isnan(values[1].value));
  CHECK(values[2] == ReadValue{4, 14, "samples", 2});
}
