#include "apps/reproduce/measures.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

/// A run with the files that measures read.
struct MeasuredRun {
  ScratchDirectory scratch;
  Cell cell{.place = {}, .name = "run", .run = {.layers = {}, .out = (scratch / "run").string()}};

  MeasuredRun() { engine::create_directories(cell.directory()); }
  void write(const std::string& file, const std::string& text) const {
    engine::create_directories((cell.directory() / file).parent_path());
    engine::atomic_write_file(cell.directory() / file, text);
  }
  std::optional<double> value(const Measure& measure, const std::string& field) const {
    return value_of(cell, {.name = measure.name, .label = {}, .measure = &measure, .field = field});
  }
};

const Measure kOnline{.name = "online", .kind = MeasureKind::result},
    kLoss{.name = "loss", .kind = MeasureKind::metric}, kLinear{.name = "linear", .kind = MeasureKind::lineval};

}  // namespace

TEST_CASE("measures: a number of a run's result, and none where there are no labels") {
  const MeasuredRun run;
  CHECK_FALSE(run.value(kOnline, "probe_test_accuracy"));
  run.write("result.json", R"({"step":5,"probe_test_accuracy":0.25,"effective_rank":12.5,"test_probe":null})");
  CHECK(run.value(kOnline, "probe_test_accuracy") == 0.25);
  CHECK(run.value(kOnline, "effective_rank") == 12.5);
  CHECK_FALSE(run.value(kOnline, "test_probe"));
  CHECK(message_of<engine::DataError>([&] { run.value(kOnline, "rank"); }).find("result.json has no rank") !=
        std::string::npos);
}

TEST_CASE("measures: the mean over the last tenth of the steps") {
  const MeasuredRun run;
  std::string records;
  for (int step = 1; step <= 30; ++step)
    records += engine::concat(R"({"step":)", step, R"(,"phase":"train","loss":)", step, "}\n");
  records += R"({"step":30,"phase":"eval","loss":1000})"
             "\n"
             R"({"step":3)";
  run.write("metrics.jsonl", records);
  CHECK(run.value(kLoss, "loss") == 29);
  CHECK_FALSE(run.value(kLoss, "loss_kl"));
}

TEST_CASE("measures: numbers of evaluations lie beside them, and only these must be done") {
  const MeasuredRun run;
  CHECK(is_measured(run.cell, kOnline));
  CHECK_FALSE(is_measured(run.cell, kLinear));
  CHECK_FALSE(run.value(kLinear, "top1"));
  run.write("measures/linear.json", R"({"top1":0.5,"knn":0.375})");
  CHECK(is_measured(run.cell, kLinear));
  CHECK(run.value(kLinear, "top1") == 0.5);
  CHECK(run.value(kLinear, "knn") == 0.375);
  Cell untrained = run.cell;
  untrained.untrained = true;
  CHECK(applies(untrained, kLinear));
  CHECK_FALSE(applies(untrained, kOnline));
  const Measure clusters{.name = "clusters", .kind = MeasureKind::kmeans},
      raw{.name = "raw", .kind = MeasureKind::kmeans, .raw = "patches"};
  CHECK(applies(run.cell, clusters));
  CHECK_FALSE(applies(untrained, clusters));
  CHECK(applies(untrained, raw));
}

TEST_CASE("measures: only where they are asked for") {
  MeasuredRun run;
  run.cell.values = {{"method", "SimCLR"}, {"size", "20"}};
  Measure measure = kLinear;
  CHECK(applies(run.cell, measure));
  measure.where = {{"method", {"supervised", "SimCLR"}}};
  CHECK(applies(run.cell, measure));
  measure.where["size"] = {"40"};
  CHECK_FALSE(applies(run.cell, measure));
}
