#pragma once
#include <chrono>
#include <deque>
#include <optional>

#include "engine/optim/training_status.h"

namespace apps {

/// What the images of some steps took.
struct InputTime {
  double wait_ms = 0;     ///< that steps waited for their batch
  double read_ms = 0;     ///< that the loader's workers were at work, all together
  double augment_ms = 0;  ///< that making views took; 0: not known
  std::int64_t read_images = 0;

  void add(const InputTime& more) {
    wait_ms += more.wait_ms;
    read_ms += more.read_ms;
    augment_ms += more.augment_ms;
    read_images += more.read_images;
  }
};

/// Time and counts of the steps since the last logged record.
struct Window {
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::int64_t steps = 0;
  InputTime input = {};
};

/// Step records that the device has not delivered yet, and the time windows that they end.
class LateRecords {
 public:
  explicit LateRecords(engine::TrainingStatus& status) : status_(status) {}

  struct Read {
    engine::StepRecord record;  ///< of the last step of the request
    bool logs;                  ///< as in the request
    double step_ms;             ///< mean over the window
    std::int64_t steps;         ///< in the window
    InputTime input;            ///< over the window
  };
  void request(const Window& window, bool logs);
  /// The next record, if it has arrived.
  std::optional<Read> arrived() { return next(status_.arrived()); }
  /// The next requested record; waits for the device.
  std::optional<Read> awaited() { return next(status_.awaited()); }

 private:
  struct Open {
    Window window;
    bool logs;
  };
  std::optional<Read> next(const std::optional<std::vector<engine::StepRecord>>& records);

  engine::TrainingStatus& status_;
  std::deque<Open> open_;
  std::chrono::steady_clock::time_point last_{};  // when the last window ended
};

}  // namespace apps
