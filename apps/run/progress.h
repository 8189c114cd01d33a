#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace apps {

/// Where progress goes and how it looks there.
struct ProgressStyle {
  std::ostream& out;
  bool terminal = false;  ///< one line that is rewritten, at most 10 times a second; otherwise lines, every 5 s
  bool color = false;
  int columns = 80;  ///< a terminal's width; the line is cut there

  /// stderr, as it is: a terminal or not, its width, NO_COLOR (https://no-color.org) and TERM=dumb.
  static ProgressStyle standard_error();
};

/// Shows how far a long job is: "pretrain 120/500 steps  24%  5321 images/s  ETA 0:23  loss 4.1312".
/// For one thread. Its destructor ends the line, also when an exception passes.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  struct Job {
    std::string label;       ///< "pretrain"
    std::string unit;        ///< what is counted: "steps"
    std::int64_t total = 0;  ///< units at the end
    std::int64_t done = 0;   ///< units at the start: of a resumed run
    std::string item = {};   ///< what the rate counts: "images"; empty: the units themselves
    std::int64_t items_per_unit = 1;
  };
  Progress(Job job, ProgressStyle style = ProgressStyle::standard_error(), Clock::time_point now = Clock::now());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Tells that `done` units are done; `detail` ("loss 4.1312") ends the line. Cheap unless it is time to print; the
  /// last unit is always printed.
  void update(std::int64_t done, std::string_view detail = {}, Clock::time_point now = Clock::now());

 private:
  void print(std::int64_t done, std::string_view detail, double rate);

  Job job_;
  ProgressStyle style_;
  Clock::time_point printed_;    // when the last line was
  std::int64_t printed_done_;    // and what it said
  double units_per_second_ = 0;  // smoothed; 0 before the first line
  bool line_open_ = false;
};

}  // namespace apps
