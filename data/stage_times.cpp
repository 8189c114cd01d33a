#include "data/stage_times.h"

#include <ctime>

namespace data {
namespace {

double now_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

}  // namespace

void StageTimes::add(const StageTimes& more) {
  for (std::size_t i = 0; i < ms.size(); ++i) ms[i] += more.ms[i];
}

StageTimer::StageTimer(StageTimes* times, Stage stage)
    : times_(times), stage_(stage), begin_ms_(times != nullptr ? now_ms() : 0) {}

StageTimer::~StageTimer() {
  if (times_ != nullptr) times_->of(stage_) += now_ms() - begin_ms_;
}

}  // namespace data
