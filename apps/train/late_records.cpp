#include "apps/train/late_records.h"

#include <algorithm>

namespace apps {

void LateRecords::request(const Window& window, bool logs) {
  status_.request();
  open_.push_back({window, logs});
}

std::optional<LateRecords::Read> LateRecords::next(const std::optional<std::vector<engine::StepRecord>>& records) {
  if (!records) return std::nullopt;
  const auto [window, logs] = open_.front();
  open_.pop_front();
  // A window's time begins when the previous record arrived, if that was later than the host's own begin.
  const auto begin = std::max(window.begin, last_);
  const auto now = std::chrono::steady_clock::now();
  if (logs) last_ = now;
  const auto steps = static_cast<double>(window.steps);
  return Read{.record = records->back(),
              .logs = logs,
              .step_ms = std::chrono::duration<double, std::milli>(now - begin).count() / steps,
              .steps = window.steps,
              .input = window.input};
}

}  // namespace apps
