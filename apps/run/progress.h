#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace apps {

/// Where progress is written, and how.
struct ProgressStyle {
  std::ostream& out;
  bool terminal = false;  ///< one line, rewritten at most 10 times a second; otherwise a line every 5 s
  bool color = false;
  int columns = 80;  ///< width of the terminal; lines are cut there

  /// stderr: whether it is a terminal, its width, NO_COLOR (https://no-color.org) and TERM=dumb.
  static ProgressStyle standard_error();
};

/// Shows the progress of a long job: "pretrain 120/500 steps  24%  5321 images/s  ETA 0:23  loss 4.1312". Used by one
/// thread only. The destructor ends the line, also during an exception.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  struct Job {
    std::string label;       ///< "pretrain"
    std::string unit;        ///< the unit of `total`: "steps"
    std::int64_t total = 0;  ///< units at the end
    std::int64_t done = 0;   ///< units at the start, if resumed
    std::string item = {};   ///< the unit of the rate: "images"; empty: the same as `unit`
    std::int64_t items_per_unit = 1;
  };
  Progress(Job job, ProgressStyle style = ProgressStyle::standard_error(), Clock::time_point now = Clock::now());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Reports that `done` units are done; `detail` ("loss 4.1312") is appended to the line. Cheap unless a line is due;
  /// the last unit is always printed.
  void update(std::int64_t done, std::string_view detail = {}, Clock::time_point now = Clock::now());

 private:
  void print(std::int64_t done, std::string_view detail, double rate);

  Job job_;
  ProgressStyle style_;
  Clock::time_point printed_;    // time of the last line
  std::int64_t printed_done_;    // units done at that time
  double units_per_second_ = 0;  // smoothed; 0 before the first line
  bool line_open_ = false;
};

}  // namespace apps
