#include "apps/run/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

namespace apps {
namespace {

constexpr double kTerminalSeconds = 0.1, kPlainSeconds = 5.0;
constexpr double kSmoothingSeconds = 5.0;  // time constant of the rate: a slow start is soon forgotten

std::string duration_text(double seconds) {
  const auto total = static_cast<std::int64_t>(std::ceil(seconds));
  const std::int64_t hours = total / 3600, minutes = total / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60)
                   : fmt::format("{}:{:02}", minutes, total % 60);
}

std::string rate_text(double rate) { return rate < 10 ? fmt::format("{:.2f}", rate) : fmt::format("{:.0f}", rate); }

}  // namespace

ProgressStyle ProgressStyle::standard_error() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  ProgressStyle style{.out = std::cerr};
  style.terminal = isatty(STDERR_FILENO) && variable("TERM") != "dumb";
  style.color = style.terminal && variable("NO_COLOR").empty();
  winsize size{};
  if (style.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  return style;
}

Progress::Progress(Job job, ProgressStyle style, Clock::time_point now)
    : job_(std::move(job)), style_(style), printed_(now), printed_done_(job_.done) {}

Progress::~Progress() {
  if (line_open_) style_.out << std::endl;
}

void Progress::update(std::int64_t done, std::string_view detail, Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - printed_).count();
  const bool last = done >= job_.total && printed_done_ < job_.total;
  if (!last && seconds < (style_.terminal ? kTerminalSeconds : kPlainSeconds)) return;
  const double rate = static_cast<double>(done - printed_done_) / std::max(seconds, 1e-9);
  const double weight = units_per_second_ == 0 ? 1.0 : 1.0 - std::exp(-seconds / kSmoothingSeconds);
  units_per_second_ += weight * (rate - units_per_second_);
  printed_ = now;
  printed_done_ = done;
  print(done, detail, units_per_second_);
}

void Progress::print(std::int64_t done, std::string_view detail, double rate) {
  std::string rest = fmt::format(" {}/{} {}", done, job_.total, job_.unit);
  if (job_.total > 0) rest += fmt::format("  {}%", 100 * done / job_.total);
  if (rate > 0) {
    const std::string& item = job_.item.empty() ? job_.unit : job_.item;
    rest += fmt::format("  {} {}/s", rate_text(rate * static_cast<double>(job_.items_per_unit)), item);
    if (done < job_.total)
      rest += fmt::format("  ETA {}", duration_text(static_cast<double>(job_.total - done) / rate));
  }
  if (!detail.empty()) rest += fmt::format("  {}", detail);
  if (!style_.terminal) {
    style_.out << job_.label << rest << std::endl;
    return;
  }
  // A line that reaches the last column would wrap and could not be rewritten.
  const auto room = static_cast<std::size_t>(std::max(style_.columns - 1, 0));
  const std::string label = job_.label.substr(0, room);
  rest.resize(std::min(rest.size(), room - label.size()));
  style_.out << '\r' << (style_.color ? "\x1b[1m" : "") << label << (style_.color ? "\x1b[0m" : "") << rest << "\x1b[K"
             << std::flush;
  line_open_ = true;
}

}  // namespace apps
