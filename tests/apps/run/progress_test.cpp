#include "apps/run/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using apps::Progress;
using std::chrono::milliseconds;

namespace {

const Progress::Clock::time_point kStart{};
const Progress::Job kJob{.label = "pretrain", .unit = "steps", .total = 500, .item = "images", .items_per_unit = 256};

}  // namespace

TEST_CASE("progress: plain lines, one every five seconds and one at the end") {
  std::ostringstream out;
  {
    Progress progress(kJob, {.out = out}, kStart);
    for (int step = 1; step <= 500; ++step) progress.update(step, "loss 4.1", kStart + milliseconds(20 * step));
  }
  CHECK(out.str() ==
        "pretrain 250/500 steps  50%  12800 images/s  ETA 0:05  loss 4.1\n"
        "pretrain 500/500 steps  100%  12800 images/s  loss 4.1\n");
}

TEST_CASE("progress: a terminal's one line, at most ten times a second, ended when the job is") {
  std::ostringstream out;
  {
    Progress progress(kJob, {.out = out, .terminal = true, .columns = 200}, kStart);
    for (int step = 1; step <= 99; ++step) progress.update(step, {}, kStart + milliseconds(10 * step));
    const std::string text = out.str();
    CHECK(std::count(text.begin(), text.end(), '\r') == 9);
    CHECK(text.starts_with("\rpretrain 10/500 steps  2%  25600 images/s  ETA 0:05\x1b[K\r"));
    CHECK(text.find('\n') == text.npos);
  }
  CHECK(out.str().ends_with("\x1b[K\n"));
}

TEST_CASE("progress: a line is cut before the terminal's last column, colour not counted") {
  std::ostringstream out;
  Progress progress(kJob, {.out = out, .terminal = true, .color = true, .columns = 20}, kStart);
  progress.update(10, {}, kStart + milliseconds(100));
  CHECK(out.str() == "\r\x1b[1mpretrain\x1b[0m 10/500 ste\x1b[K");
}

TEST_CASE("progress: a resumed job's rate counts only its own steps, and slow starts are forgotten") {
  std::ostringstream out;
  Progress::Job job = kJob;
  job.done = 400;
  job.item = "";
  job.items_per_unit = 1;
  Progress progress(job, {.out = out}, kStart);
  progress.update(401, {}, kStart + milliseconds(10'000));
  CHECK(out.str() == "pretrain 401/500 steps  80%  0.10 steps/s  ETA 16:30\n");
  out.str("");
  progress.update(499, {}, kStart + milliseconds(110'000));
  CHECK(out.str() == "pretrain 499/500 steps  99%  0.98 steps/s  ETA 0:02\n");
}

TEST_CASE("progress: hours, and a job that ends before anything is printed") {
  std::ostringstream out;
  Progress::Job job = kJob;
  job.total = 100'000;
  Progress progress(job, {.out = out}, kStart);
  progress.update(1, {}, kStart + milliseconds(1'000));
  CHECK(out.str().empty());
  progress.update(10, {}, kStart + milliseconds(10'000));
  CHECK(out.str() == "pretrain 10/100000 steps  0%  256 images/s  ETA 27:46:30\n");
}
