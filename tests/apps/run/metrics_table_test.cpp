#include "apps/run/metrics_table.h"

#include <doctest/doctest.h>

#include "apps/run/metrics.h"
#include "engine/io/files.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("metrics table: a line for each record, a column for each name") {
  CHECK(metrics_table(R"({"step":2,"epoch":0.5,"time":1.25,"phase":"train","loss":1.5,"lr":null,"nonfinite":["lr"]})"
                      "\n"
                      R"({"step":2,"epoch":0.5,"time":1.5,"phase":"eval","probe_acc":0.25})"
                      "\n"
                      R"({"step":4,"epo)") ==
        "step,epoch,time,phase,loss,lr,probe_acc\n"
        "2,0.5,1.25,train,1.5,nan,\n"
        "2,0.5,1.5,eval,,,0.25\n");
  CHECK(metrics_table("") == "step,epoch,time,phase\n");
}

TEST_CASE("metrics table: written beside the records, and again from them alone") {
  const ScratchDirectory scratch;
  MetricsFile file(scratch / "metrics.jsonl", -1);
  file.write({.step = 1, .epoch = 0.5, .time = 2, .values = {{{.name = "loss"}, 0.1}}});
  write_metrics_table(scratch.path());
  CHECK(engine::read_file(scratch / "metrics.csv") == "step,epoch,time,phase,loss\n1,0.5,2,train,0.1\n");
}
